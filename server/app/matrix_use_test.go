package app

import "maps"

func init() {
	maps.Copy(routes, map[string]shut{
		"GET /console/use":          {guard: page, action: "view", path: "/console/use?ward={ward}"},
		"GET /console/use/forecast": {guard: page, action: "view", path: "/console/use/forecast?ward={ward}"},
		"GET /console/forecast":     {guard: page, action: "view", path: "/console/forecast?ward={ward}"},
		"GET /console/use.csv":      {guard: page, action: "view", path: "/console/use.csv?ward={ward}"},
		"GET /api/v1/use":           {guard: api, action: "view", path: "/api/v1/use?ward={ward}"},
	})
}
