// The suites' programs as one writes them in Go: the servers of io, go echo THREADS and go http
// THREADS; those of async, go async THREADS NAME ARGUMENTS...; the server of mixed, go mixed
// OPTION.... Each prints lines "metric value".
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
)

func useThreads(text string) {
	threads, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(threads)
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	switch name {
	case "echo":
		useThreads(os.Args[2])
		echo()
	case "http":
		useThreads(os.Args[2])
		serveHTTP()
	case "overloaded":
		serveOverloaded()
	case "async":
		async(os.Args[2:])
	case "mixed":
		mixed(os.Args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: go echo|http THREADS, go async THREADS NAME ARGUMENT..., go mixed OPTION...")
		os.Exit(2)
	}
}
