package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// kioskServer is what the pages of the tests talk to.
type kioskServer struct {
	mu      sync.Mutex
	used    map[string]bool
	state   PageState
	streams map[chan PageState]bool
	posts   []string
	refuse  *Problem
	answer  map[string]any // by path, instead of the state
}

func newKioskServer() *kioskServer {
	return &kioskServer{used: map[string]bool{}, streams: map[chan PageState]bool{}, answer: map[string]any{}}
}

// say changes the state and tells every stream.
func (k *kioskServer) say(s PageState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = s
	for ch := range k.streams {
		ch <- s
	}
}

// reply sets what a path answers instead of the state.
func (k *kioskServer) reply(path string, a any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer[path] = a
}

func (k *kioskServer) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /kiosk/start/{secret}", func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.used[r.PathValue("secret")] {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		k.used[r.PathValue("secret")] = true
		http.SetCookie(w, &http.Cookie{Name: "padwarden_device", Value: r.PathValue("secret"), Path: "/"})
		http.Redirect(w, r, "/kiosk", http.StatusSeeOther)
	})
	with := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("padwarden_device"); err != nil || c.Value == "" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			h(w, r)
		}
	}
	mux.HandleFunc("GET /kiosk", with(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<!doctype html>") }))
	mux.HandleFunc("GET /kiosk/state", with(func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		_ = json.NewEncoder(w).Encode(k.state)
	}))
	mux.HandleFunc("GET /kiosk/events", with(k.events))
	mux.HandleFunc("POST /kiosk/{what}", with(k.act))
	mux.HandleFunc("POST /api/v1/readers/{id}/tap", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(w).Encode(Problem{Title: "Unknown reader", Code: "unauthorised"})
			return
		}
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(ReaderAnswer{Device: r.PathValue("id"), Asks: "pin"})
	})
}

func (k *kioskServer) events(w http.ResponseWriter, r *http.Request) {
	ch := make(chan PageState, 100)
	k.mu.Lock()
	k.streams[ch] = true
	first := k.state
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		delete(k.streams, ch)
		k.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(s PageState) {
		b, _ := json.Marshal(s)
		fmt.Fprintf(w, ": beat\n\nevent: state\ndata: %s\n\n", b)
		w.(http.Flusher).Flush()
	}
	send(first)
	for {
		select {
		case <-r.Context().Done():
			return
		case s := <-ch:
			send(s)
		}
	}
}

func (k *kioskServer) act(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.posts = append(k.posts, fmt.Sprintf("%s %v %s", r.PathValue("what"), body, r.Header.Get("Sec-Fetch-Site")))
	if k.refuse != nil {
		w.WriteHeader(k.refuse.Status)
		_ = json.NewEncoder(w).Encode(k.refuse)
		return
	}
	if a, ok := k.answer[r.PathValue("what")]; ok {
		_ = json.NewEncoder(w).Encode(a)
		return
	}
	_ = json.NewEncoder(w).Encode(k.state)
}
