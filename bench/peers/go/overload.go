package main

import (
	"net"
	"net/http"
	"strconv"
)

// The HTTP server of the suite io whose requests cost a few milliseconds of a core each, the same
// as bench/io/overload_server_bench.cpp.
func serveOverloaded() {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	report("port", float64(door.Addr().(*net.TCPAddr).Port))
	answer := func(w http.ResponseWriter, r *http.Request) {
		const rounds = 3_000_000
		x := uint64(88172645463325252)
		for i := 0; i < rounds; i++ {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		w.Write([]byte(strconv.FormatUint(x, 10)))
	}
	panic(http.Serve(door, http.HandlerFunc(answer)))
}
