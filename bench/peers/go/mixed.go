package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	rowsOfRegion   = 512
	rowsOfLongCall = 532 // 50 ms
)

var rowsDone int64

//go:noinline
func computeRow(iterations uint32) uint32 {
	state := iterations
	for i := uint32(0); i < iterations; i++ {
		state = (state ^ state>>15) * 0x2c1b3c5
	}
	return state
}

// Nobody can tell that a row's result is not needed.
func row(iterations uint32) {
	runtime.KeepAlive(computeRow(iterations))
	atomic.AddInt64(&rowsDone, 1)
}

// One goroutine a row, and a wait for all of them.
func region(iterations uint32) {
	var all sync.WaitGroup
	all.Add(rowsOfRegion)
	for i := 0; i < rowsOfRegion; i++ {
		go func() {
			row(iterations)
			all.Done()
		}()
	}
	all.Wait()
}

func hostile(iterations uint32) {
	for {
		time.Sleep(50 * time.Millisecond)
		for i := 0; i < rowsOfLongCall; i++ {
			row(iterations)
		}
	}
}

func calibrate(iterations uint32) {
	var took []float64
	for i := 0; i < 1001; i++ {
		began := time.Now()
		row(iterations)
		took = append(took, time.Since(began).Seconds())
	}
	sort.Float64s(took)
	report("row_us", took[len(took)/2]*1e6)
}

// Obeys the standard input until it ends.
func obeyInput() {
	var rows int64
	var began time.Time
	var cpu float64
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "begin" {
			rows = atomic.LoadInt64(&rowsDone)
			began = time.Now()
			cpu = cpuSeconds()
		} else {
			report("window_cpu_s", cpuSeconds()-cpu)
			report("window_s", time.Since(began).Seconds())
			report("rows", float64(atomic.LoadInt64(&rowsDone)-rows))
		}
	}
	os.Exit(0)
}

// The server of bench/mixed: bench/mixed/serving.hpp says what it does.
func mixed(words []string) {
	options := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		options[words[i]] = words[i+1]
	}
	number := func(name string) uint32 {
		n, err := strconv.ParseUint(options[name], 10, 32)
		if err != nil {
			fmt.Fprintln(os.Stderr, name, "wants a number:", err)
			os.Exit(2)
		}
		return uint32(n)
	}
	if options["--calibrate"] != "" {
		calibrate(number("--calibrate"))
		return
	}
	iterations := number("--row-iterations")
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go obeyInput()
	report("port", float64(door.Addr().(*net.TCPAddr).Port))
	if options["--job"] == "on" {
		go func() {
			for {
				region(iterations)
			}
		}()
	}
	if options["--hostile"] == "on" {
		go hostile(iterations)
	}
	acceptAll(door)
}
