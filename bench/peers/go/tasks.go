package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func timers(tasks int) {
	before := cpuSeconds()
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		length := time.Second + time.Duration(i*7919%1000)*time.Millisecond
		go func() {
			time.Sleep(length)
			all.Done()
		}()
	}
	all.Wait()
	report("timers_s", cpuSeconds()-before)
}

func yield(tasks, turns int) {
	before := cpuSeconds()
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			for turn := 0; turn < turns; turn++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	all.Wait()
	report("yield_ns", (cpuSeconds()-before)*1e9/float64(tasks*turns))
}

func sleepers(tasks int) {
	var asleep int64
	before := residentBytes()
	for i := 0; i < tasks; i++ {
		go func() {
			atomic.AddInt64(&asleep, 1)
			time.Sleep(time.Hour)
		}()
	}
	for atomic.LoadInt64(&asleep) < int64(tasks) {
		runtime.Gosched()
	}
	report("bytes", (residentBytes()-before)/float64(tasks))
	os.Exit(0)
}
