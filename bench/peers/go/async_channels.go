package main

import (
	"runtime"
	"sync"
)

func pingPong(rounds int) {
	before := asyncSeconds()
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for number := range there {
			back <- number
		}
	}()
	for i := range rounds {
		there <- i
		if <-back != i {
			panic("another number came back")
		}
	}
	close(there)
	report("ns", perOperation(before, rounds))
}

func channel(messages, senders, receivers int) {
	before := asyncSeconds()
	through := make(chan int, 64)
	var sending, receiving sync.WaitGroup
	sums := make(chan int, receivers)
	for range receivers {
		receiving.Go(func() {
			sum := 0
			for number := range through {
				sum += number
			}
			sums <- sum
		})
	}
	for range senders {
		sending.Go(func() {
			for range messages / senders {
				through <- 1
			}
		})
	}
	sending.Wait()
	close(through)
	receiving.Wait()
	report("ns", perOperation(before, messages))
	close(sums)
	sum := 0
	for mine := range sums {
		sum += mine
	}
	if sum != messages/senders*senders {
		panic("messages are missing")
	}
}

func mutex(times, tasks int) {
	before := asyncSeconds()
	var turns sync.Mutex
	var all sync.WaitGroup
	for range tasks {
		all.Go(func() {
			for range times / tasks {
				turns.Lock()
				if tasks > 1 {
					runtime.Gosched()
				}
				turns.Unlock()
			}
		})
	}
	all.Wait()
	report("ns", perOperation(before, times))
}

// A buffered channel, as is the custom.
func semaphore(times, tasks, permits int) {
	before := asyncSeconds()
	turns := make(chan struct{}, permits)
	var all sync.WaitGroup
	for range tasks {
		all.Go(func() {
			for range times / tasks {
				turns <- struct{}{}
				if tasks > 1 {
					runtime.Gosched()
				}
				<-turns
			}
		})
	}
	all.Wait()
	report("ns", perOperation(before, times))
}
