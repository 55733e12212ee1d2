// SPDX-License-Identifier: Apache-2.0

// Package recording plays the calls of calls.txt to a breaker in virtual time, and prints what it decided.
package recording

import (
	"bufio"
	"container/heap"
	"fmt"
	"os"
	"strings"
	"time"
)

// Start is when each trace begins: a whole number of every rule's windows.
var Start = time.Unix(1_000_000_000, 0)

// Now is the time that the library is told.
var Now = Start

// A Breaker is what is asked. End is called once for each call that was admitted.
type Breaker interface {
	Ask() (end func(outcome string), admitted bool)
}

type running struct {
	ends  time.Time
	place int
	end   func(outcome string)
	how   string
}

type queue []running

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].ends.Before(q[j].ends) || (q[i].ends.Equal(q[j].ends) && q[i].place < q[j].place)
}
func (q queue) Swap(i, j int)       { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x interface{}) { *q = append(*q, x.(running)) }
func (q *queue) Pop() interface{} {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// What takes until an ask's time has ended before it is asked.
func (q *queue) endUntil(t time.Time) {
	for q.Len() > 0 && !(*q)[0].ends.After(t) {
		next := heap.Pop(q).(running)
		Now = next.ends
		next.end(next.how)
	}
}

// Main reads the file that the first argument names. `make` is called at the beginning of each trace.
func Main(header string, make func(seed uint64) Breaker) {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Print(header)
	var breaker Breaker
	var decisions strings.Builder
	var out queue
	var asked time.Time
	place := 0
	finish := func() {
		out.endUntil(asked.Add(time.Hour))
		for text := decisions.String(); text != ""; {
			length := min(100, len(text))
			fmt.Println(text[:length])
			text = text[length:]
		}
		decisions.Reset()
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "trace ") {
			finish()
			var name string
			var seed uint64
			fmt.Sscanf(line, "trace %s %d", &name, &seed)
			fmt.Println("trace", name)
			asked, Now = Start, Start
			breaker = make(seed)
			continue
		}
		var gap, latency time.Duration
		var outcome string
		fmt.Sscanf(line, "%d %d %s", &gap, &latency, &outcome)
		asked = asked.Add(gap * 100 * time.Microsecond)
		out.endUntil(asked)
		Now = asked
		end, admitted := breaker.Ask()
		if !admitted {
			decisions.WriteByte('r')
			continue
		}
		decisions.WriteByte('A')
		heap.Push(&out, running{asked.Add(latency * 100 * time.Microsecond), place, end, outcome})
		place++
	}
	finish()
}

// A Twister is C++'s std::mt19937_64: of the same seed come the same draws.
type Twister struct {
	state [312]uint64
	index int
}

// NewTwister seeds one.
func NewTwister(seed uint64) *Twister {
	t := &Twister{index: 312}
	t.state[0] = seed
	for i := 1; i < 312; i++ {
		t.state[i] = 6364136223846793005*(t.state[i-1]^(t.state[i-1]>>62)) + uint64(i)
	}
	return t
}

// Uint64 is the next draw.
func (t *Twister) Uint64() uint64 {
	if t.index == 312 {
		for i := 0; i < 312; i++ {
			y := (t.state[i] & 0xFFFFFFFF80000000) | (t.state[(i+1)%312] & 0x7FFFFFFF)
			t.state[i] = t.state[(i+156)%312] ^ (y >> 1)
			if y&1 != 0 {
				t.state[i] ^= 0xB5026F5AA96619E9
			}
		}
		t.index = 0
	}
	x := t.state[t.index]
	t.index++
	x ^= (x >> 29) & 0x5555555555555555
	x ^= (x << 17) & 0x71D67FFFEDA60000
	x ^= (x << 37) & 0xFFF7EEE000000000
	return x ^ (x >> 43)
}

// A Source makes a Twister what rand.Rand draws from. Float64 divides an Int63 by 2^63.
type Source struct{ *Twister }

// Int63 is the next draw, with the 53 bits that C++ programs make a double of.
func (s Source) Int63() int64 { return int64(s.Uint64() >> 11 << 10) }

// Seed does nothing.
func (s Source) Seed(int64) {}
