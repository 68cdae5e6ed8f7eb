package main

import (
	"io"
	"net"
	"net/http"
)

// The HTTP server of the suite io, with the standard library's own server.
func serveHTTP() {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	report("port", float64(door.Addr().(*net.TCPAddr).Port))
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!")
	}
	panic(http.Serve(door, http.HandlerFunc(answer)))
}
