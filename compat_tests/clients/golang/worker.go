// Package worker is the part of a client process that all client libraries for Go share; compat_tests/clients/worker.py
// says what is asked and answered.
package worker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Record is a record as the tests type it; absent keys and values are null.
type Record struct {
	Topic       string     `json:"topic"`
	Partition   *int32     `json:"partition"`
	Offset      int64      `json:"offset"`
	TimestampMs *int64     `json:"timestamp_ms"`
	Key         *string    `json:"key"`
	Value       *string    `json:"value"`
	Headers     [][]string `json:"headers"`
}

// Command has the arguments of every verb; a verb looks at its own.
type Command struct {
	ID               int      `json:"id"`
	Do               string   `json:"do"`
	Topic            string   `json:"topic"`
	Partition        int32    `json:"partition"`
	Partitions       int32    `json:"partitions"`
	Offset           int64    `json:"offset"`
	Count            int      `json:"count"`
	TimestampMs      int64    `json:"timestamp_ms"`
	Records          []Record `json:"records"`
	Codec            string   `json:"codec"`
	Acks             string   `json:"acks"`
	Idempotent       bool     `json:"idempotent"`
	Group            string   `json:"group"`
	SessionTimeoutMs int      `json:"session_timeout_ms"`
	Protocol         string   `json:"protocol"`
	TransactionalID  string   `json:"transactional_id"`
	Commit           bool     `json:"commit"`
	Source           string   `json:"source"`
	Target           string   `json:"target"`
	AbortEvery       int      `json:"abort_every"`
}

// Verb carries a command out.
type Verb func(Command) (any, error)

// Nothing turns a function that answers nothing into a verb.
func Nothing(do func(Command) error) Verb {
	return func(command Command) (any, error) { return nil, do(command) }
}

var speaking sync.Mutex

func say(message any) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	speaking.Lock()
	defer speaking.Unlock()
	fmt.Println(string(line))
}

// Read reports records that a group member has read.
func Read(records []Record) {
	say(map[string]any{"records": records})
}

// Assignment keeps the partitions of a group member, and reports them whenever they change.
type Assignment struct {
	mutex      sync.Mutex
	partitions []int32
}

// Change adds and takes away partitions.
func (a *Assignment) Change(added, lost []int32) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	kept := slices.DeleteFunc(slices.Clone(a.partitions), func(p int32) bool { return slices.Contains(lost, p) })
	a.partitions = append(kept, added...)
	slices.Sort(a.partitions)
	a.partitions = slices.Compact(a.partitions)
	say(map[string]any{"assignment": append([]int32{}, a.partitions...)})
}

// Partitions are the member's at this moment.
func (a *Assignment) Partitions() []int32 {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return slices.Clone(a.partitions)
}

// Text makes a record's bytes what the tests type.
func Text(data []byte) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

// Data makes what the tests type a record's bytes.
func Data(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

// Sorted puts records into the order of partitions and offsets.
func Sorted(records []Record) []Record {
	slices.SortFunc(records, func(a, b Record) int {
		if *a.Partition != *b.Partition {
			return int(*a.Partition - *b.Partition)
		}
		return int(a.Offset - b.Offset)
	})
	return records
}

// Serve obeys commands until standard input ends.
func Serve(verbs map[string]Verb) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var command Command
		if err := json.Unmarshal(lines.Bytes(), &command); err != nil {
			panic(err)
		}
		verb, known := verbs[command.Do]
		if !known {
			say(map[string]any{"id": command.ID, "error": "unknown verb " + command.Do})
			continue
		}
		answer, err := verb(command)
		if err != nil {
			say(map[string]any{"id": command.ID, "error": err.Error()})
			continue
		}
		say(map[string]any{"id": command.ID, "answer": answer})
	}
}
