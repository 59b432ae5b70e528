package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"mockbroker/worker"
)

// member consumes in a group in the background, and reports what it reads.
type member struct {
	servers    string
	topic      string
	group      *kafka.ConsumerGroup
	assigned   worker.Assignment
	mutex      sync.Mutex
	generation *kafka.Generation
	readers    map[int]*kafka.Reader
	next       map[int]int64
}

func (c *client) join(command worker.Command) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: command.Group, Brokers: []string{c.servers}, Topics: []string{command.Topic},
		StartOffset: kafka.FirstOffset, HeartbeatInterval: 300 * time.Millisecond,
		SessionTimeout: time.Duration(command.SessionTimeoutMs) * time.Millisecond,
	})
	if err != nil {
		return err
	}
	c.member = &member{servers: c.servers, topic: command.Topic, group: group}
	go c.member.consume()
	return nil
}

// consume goes from one generation to the next until the member leaves.
func (m *member) consume() {
	for {
		generation, err := m.group.Next(context.Background())
		if errors.Is(err, kafka.ErrGroupClosed) {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		m.begin(generation)
	}
}

func (m *member) begin(generation *kafka.Generation) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.generation, m.readers, m.next = generation, map[int]*kafka.Reader{}, map[int]int64{}
	partitions := []int32{}
	for _, assignment := range generation.Assignments[m.topic] {
		partitions = append(partitions, int32(assignment.ID))
		reader := kafka.NewReader(kafka.ReaderConfig{
			Brokers: []string{m.servers}, Topic: m.topic, Partition: assignment.ID,
			MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 200 * time.Millisecond,
		})
		if err := reader.SetOffset(assignment.Offset); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		m.readers[assignment.ID] = reader
		generation.Start(func(running context.Context) { m.follow(running, reader) })
	}
	m.assigned.Change(partitions, m.assigned.Partitions())
}

// follow reads one partition while the generation lasts.
func (m *member) follow(running context.Context, reader *kafka.Reader) {
	defer reader.Close()
	for {
		message, err := reader.ReadMessage(running)
		if err != nil {
			return
		}
		partition, timestamp := int32(message.Partition), message.Time.UnixMilli()
		m.mutex.Lock()
		m.next[message.Partition] = message.Offset + 1
		m.mutex.Unlock()
		worker.Read([]worker.Record{{
			Topic: message.Topic, Partition: &partition, Offset: message.Offset, TimestampMs: &timestamp,
			Key: worker.Text(message.Key), Value: worker.Text(message.Value),
		}})
	}
}

func (c *client) commit(worker.Command) (any, error) {
	m := c.member
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if err := m.generation.CommitOffsets(map[string]map[int]int64{m.topic: m.next}); err != nil {
		return nil, err
	}
	ctx, cancel := patient()
	defer cancel()
	partitions := []int{}
	for partition := range m.readers {
		partitions = append(partitions, partition)
	}
	answer, err := c.kafka.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: m.generation.GroupID, Topics: map[string][]int{m.topic: partitions},
	})
	if err != nil {
		return nil, err
	}
	offsets := map[string]int64{}
	for _, partition := range answer.Topics[m.topic] {
		if partition.CommittedOffset > 0 {
			offsets[fmt.Sprint(partition.Partition)] = partition.CommittedOffset
		}
	}
	return offsets, answer.Error
}

func (c *client) seek(command worker.Command) error {
	c.member.mutex.Lock()
	defer c.member.mutex.Unlock()
	return c.member.readers[int(command.Partition)].SetOffset(command.Offset)
}

func (c *client) leave(worker.Command) error {
	return c.member.group.Close()
}
