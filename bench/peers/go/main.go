// The suite's programs as one writes them in Go: go NAME ARGUMENTS..., the same as
// `twill_bench_first run`, and the server of the suite mixed, go mixed OPTION.... Each prints lines
// "metric value".
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go spawn|timers|yield|sleepers|echo [NUMBER...], go mixed OPTION...")
		os.Exit(2)
	}
	if os.Args[1] == "mixed" {
		mixed(os.Args[2:])
		return
	}
	number := func(i int) int {
		if i+2 >= len(os.Args) {
			fmt.Fprintln(os.Stderr, "an argument is missing")
			os.Exit(2)
		}
		n, err := strconv.Atoi(os.Args[i+2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return n
	}
	switch os.Args[1] {
	case "spawn":
		spawn(number(0))
	case "timers":
		timers(number(0))
	case "yield":
		yield(number(0), number(1))
	case "sleepers":
		sleepers(number(0))
	case "echo":
		echo()
	default:
		fmt.Fprintln(os.Stderr, "no program of that name:", os.Args[1])
		os.Exit(2)
	}
}
