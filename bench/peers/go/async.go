package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// How the programs of the suite async measure: CPU time on one core, else wall-clock time.
var began = time.Now()

func asyncSeconds() float64 {
	if runtime.GOMAXPROCS(0) == 1 {
		return cpuSeconds()
	}
	return time.Since(began).Seconds()
}

func perOperation(before float64, operations int) float64 {
	return (asyncSeconds() - before) * 1e9 / float64(operations)
}

// go async THREADS NAME ARGUMENTS..., as `twill_bench_async run`.
func async(arguments []string) {
	number := func(i int) int {
		if i >= len(arguments) {
			fmt.Fprintln(os.Stderr, "an argument is missing")
			os.Exit(2)
		}
		n, err := strconv.Atoi(arguments[i])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return n
	}
	if threads := number(0); threads != 0 {
		runtime.GOMAXPROCS(threads)
	}
	name := ""
	if len(arguments) > 1 {
		name = arguments[1]
	}
	switch name {
	case "spawn":
		spawn(number(2))
	case "ping-pong":
		pingPong(number(2))
	case "channel":
		channel(number(2), number(3), number(4))
	case "yield":
		yield(number(2), number(3))
	case "skynet":
		skynet(number(2))
	case "sleepers":
		sleepers(number(2))
	case "timers":
		timers(number(2))
	case "limits":
		limits(number(2), number(3))
	case "mutex":
		mutex(number(2), number(3))
	case "semaphore":
		semaphore(number(2), number(3), number(4))
	case "fairness":
		fairness(number(2))
	case "wake":
		wake(number(2), number(3))
	default:
		fmt.Fprintln(os.Stderr, "no program of that name:", name)
		os.Exit(2)
	}
}
