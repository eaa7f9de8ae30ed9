package app

import "maps"

// Wards and their policies are an administrator's to change, and so are iPads
// and readers; who looks after a ward may look.
func init() {
	maps.Copy(routes, map[string]shut{
		"GET /console/admin":        {guard: page},
		"GET /console/admin/system": {guard: page, action: "view everywhere"},

		"GET /console/admin/wards": {guard: page}, "GET /console/admin/wards/new": {guard: page, action: "policies"},
		"POST /console/admin/wards": {guard: change, action: "policies"}, "POST /console/admin/wards/preview": {guard: change, action: "policies"},
		"GET /console/admin/wards/:id":          {guard: page, action: "view", path: "/console/admin/wards/{ward}"},
		"GET /console/admin/wards/:id/edit":     {guard: page, action: "policies", path: "/console/admin/wards/{ward}/edit"},
		"POST /console/admin/wards/:id":         {guard: change, action: "policies", path: "/console/admin/wards/{ward}"},
		"POST /console/admin/wards/:id/remove":  {guard: change, action: "policies", path: "/console/admin/wards/{ward}/remove"},
		"POST /console/admin/wards/:id/restore": {guard: change, action: "policies", path: "/console/admin/wards/{ward}/restore"},

		"GET /console/admin/devices":             {guard: page},
		"POST /console/admin/devices":            {guard: change, action: "provision"},
		"POST /console/admin/devices/:id/rename": {guard: change, action: "provision", path: "/console/admin/devices/{id}/rename"},
		"POST /console/admin/devices/:id/move":   {guard: change, action: "provision", path: "/console/admin/devices/{id}/move"},
		"GET /console/admin/readers":             {guard: page},
		"POST /console/admin/readers":            {guard: change, action: "provision"},
		"POST /console/admin/readers/:id/tie":    {guard: change, action: "provision", path: "/console/admin/readers/{reader}/tie"},
		"POST /console/admin/readers/:id/renew":  {guard: change, action: "provision", path: "/console/admin/readers/{reader}/renew"},
		"POST /console/admin/readers/:id/remove": {guard: change, action: "provision", path: "/console/admin/readers/{reader}/remove"},

		"GET /console/import/progress": {guard: page, action: "people provision"}, "GET /console/import/rows": {guard: page, action: "people provision"},
		"POST /console/import/taken": {guard: change, action: "people provision"},
	})
}
