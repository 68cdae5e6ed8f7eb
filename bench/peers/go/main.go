// The suites' programs as one writes them in Go: the service of echo, go echo; those of async, go
// async THREADS NAME ARGUMENTS...; the server of mixed, go mixed OPTION.... Each prints lines
// "metric value".
package main

import (
	"fmt"
	"os"
)

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	switch name {
	case "echo":
		echo()
	case "async":
		async(os.Args[2:])
	case "mixed":
		mixed(os.Args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: go echo, go async THREADS NAME ARGUMENT..., go mixed OPTION...")
		os.Exit(2)
	}
}
