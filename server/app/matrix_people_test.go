package app

import "maps"

// People belong to no ward: whoever looks after iPads somewhere may look them up.
const directory guard = "directory" // to who has a token for provisioning

func init() {
	maps.Copy(routes, map[string]shut{
		"GET /api/v1/revocations": {guard: api, action: "view", path: "/api/v1/revocations?ward={ward}"},
		"GET /console/import":     {guard: page, action: "people provision"}, "POST /console/import": {guard: change, action: "people provision"},
		"GET /console/people": {guard: page, action: "people view"}, "GET /console/people/:id": {guard: page, action: "people view"},
		"POST /console/people/search": {guard: change, action: "people view"}, "POST /console/people/find": {guard: change, action: "people view"},
		"POST /console/people":                {guard: change, action: "people provision"},
		"POST /console/people/:id/deactivate": {guard: change, action: "people provision"}, "POST /console/people/:id/activate": {guard: change, action: "people provision"},
		"POST /console/people/:id/rename": {guard: change, action: "people provision"}, "POST /console/people/:id/badge": {guard: change, action: "people badges"},
		"POST /console/people/:id/revoke-badge": {guard: change, action: "people badges"}, "POST /console/people/:id/unpin": {guard: change, action: "people provision"}, "POST /console/people/:id/pin": {guard: change, action: "people badges"},
	})
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		routes[method+" /scim/v2"] = shut{guard: directory, action: "scim everywhere"}
		routes[method+" /scim/v2/*"] = shut{guard: directory, action: "scim everywhere", path: "/scim/v2/Users/anna"}
	}
}
