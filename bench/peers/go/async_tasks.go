package main

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Go preempts the loop and would run goroutines to their end meanwhile: the gate keeps all alive
// until the last is there.
func spawnAndJoin(tasks int) {
	gate := make(chan struct{})
	var all sync.WaitGroup
	all.Add(tasks)
	for range tasks {
		go func() {
			<-gate
			all.Done()
		}()
	}
	close(gate)
	all.Wait()
}

func spawn(tasks int) {
	var took []float64
	for range 4 {
		before := asyncSeconds()
		spawnAndJoin(tasks)
		took = append(took, (asyncSeconds()-before)*1e9/float64(tasks))
	}
	warm := took[1:]
	slices.Sort(warm)
	report("cold_ns", took[0])
	report("warm_ns", warm[1])
}

func skynetNode(up chan<- int, number, size int) {
	if size == 1 {
		up <- number
		return
	}
	results := make(chan int, 10)
	part := size / 10
	for i := range 10 {
		go skynetNode(results, number+i*part, part)
	}
	sum := 0
	for range 10 {
		sum += <-results
	}
	up <- sum
}

func skynet(depth int) {
	leaves := 1
	for range depth {
		leaves *= 10
	}
	before := asyncSeconds()
	result := make(chan int)
	go skynetNode(result, 0, leaves)
	sum := <-result
	report("s", asyncSeconds()-before)
	if sum != leaves*(leaves-1)/2 {
		panic("wrong sum")
	}
}

func yield(tasks, turns int) {
	before := asyncSeconds()
	var all sync.WaitGroup
	for range tasks {
		all.Go(func() {
			for range turns {
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	report("ns", perOperation(before, tasks*turns))
}

func fairness(tasks int) {
	const notYet, counts, over = 0, 1, 2
	turns := make([]int64, tasks)
	var phase atomic.Int32
	var all sync.WaitGroup
	for i := range turns {
		all.Go(func() {
			for phase.Load() == notYet {
				runtime.Gosched()
			}
			for phase.Load() == counts {
				turns[i]++
				runtime.Gosched()
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	phase.Store(counts)
	time.Sleep(time.Second)
	phase.Store(over)
	all.Wait()
	report("fairness", float64(slices.Min(turns))/float64(slices.Max(turns)))
}

func wake(tasks, times int) {
	var over atomic.Bool
	for range tasks {
		go func() {
			for !over.Load() {
				runtime.Gosched()
			}
		}()
	}
	wake, awake := make(chan time.Time, 1), make(chan bool, 1)
	var took []float64
	go func() {
		for range times {
			sent := <-wake
			took = append(took, float64(time.Since(sent).Nanoseconds())/1e3)
			awake <- true
		}
	}()
	for range times {
		runtime.Gosched()
		wake <- time.Now()
		<-awake
	}
	over.Store(true)
	slices.Sort(took)
	report("p50_us", took[len(took)/2])
	report("p99_us", took[len(took)*99/100])
}

func sleepers(tasks int) {
	var asleep atomic.Int64
	before := residentBytes()
	for range tasks {
		go func() {
			asleep.Add(1)
			time.Sleep(time.Hour)
		}()
	}
	for asleep.Load() < int64(tasks) {
		runtime.Gosched()
	}
	report("bytes", (residentBytes()-before)/float64(tasks))
	os.Exit(0)
}

func timers(tasks int) {
	before := cpuSeconds()
	var all sync.WaitGroup
	for i := range tasks {
		length := time.Second + time.Duration(i*7919%1000)*time.Millisecond
		all.Go(func() { time.Sleep(length) })
	}
	all.Wait()
	report("s", cpuSeconds()-before)
}

// The timer alone: what context.WithTimeout adds to it, and a select over its channel, cost more.
func limits(times, pending int) {
	for i := range pending {
		go time.Sleep(time.Hour + time.Duration(i*7919%1000)*time.Millisecond)
	}
	runtime.Gosched()
	before := asyncSeconds()
	for range times {
		limit := time.NewTimer(10 * time.Second)
		runtime.Gosched()
		limit.Stop()
	}
	report("ns", perOperation(before, times))
}
