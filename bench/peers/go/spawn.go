package main

import (
	"sort"
	"sync"
)

// Go preempts the loop and would run goroutines to their end meanwhile: the gate keeps all alive
// until the last is there.
func spawnAndJoin(tasks int) {
	gate := make(chan struct{})
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
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
	for i := 0; i < 4; i++ {
		before := cpuSeconds()
		spawnAndJoin(tasks)
		took = append(took, cpuSeconds()-before)
	}
	warm := took[1:]
	sort.Float64s(warm)
	report("cold_ns", took[0]*1e9/float64(tasks))
	report("warm_ns", warm[1]*1e9/float64(tasks))
}
