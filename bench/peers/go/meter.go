package main

import (
	"fmt"
	"os"
	"syscall"
)

// CPU time of all threads of this process so far, the garbage collector's included.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)*1e-6 }
	return seconds(used.Utime) + seconds(used.Stime)
}

// Memory of this process that is in RAM.
func residentBytes() float64 {
	file, err := os.Open("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	var total, resident int
	if _, err := fmt.Fscan(file, &total, &resident); err != nil {
		panic(err)
	}
	return float64(resident * os.Getpagesize())
}

func report(metric string, value float64) { fmt.Printf("%s %.9g\n", metric, value) }
