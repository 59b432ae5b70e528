package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/IBM/sarama"

	"mockbroker/worker"
)

// member consumes in a group in the background, and reports what it reads.
type member struct {
	name     string
	topic    string
	group    sarama.ConsumerGroup
	assigned worker.Assignment
	mutex    sync.Mutex
	session  sarama.ConsumerGroupSession
	again    context.CancelFunc
	stop     context.CancelFunc
}

func joined(servers []string, config *sarama.Config, name, topic string) (*member, error) {
	group, err := sarama.NewConsumerGroup(servers, name, config)
	if err != nil {
		return nil, err
	}
	consuming, stop := context.WithCancel(context.Background())
	m := &member{name: name, topic: topic, group: group, stop: stop}
	go func() {
		for consuming.Err() == nil {
			once, again := context.WithCancel(consuming)
			m.mutex.Lock()
			m.again = again
			m.mutex.Unlock()
			if err := group.Consume(once, []string{topic}, m); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			again()
		}
	}()
	return m, nil
}

// Setup is called when the member has its partitions.
func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	m.session = session
	m.mutex.Unlock()
	m.assigned.Change(session.Claims()[m.topic], nil)
	return nil
}

// Cleanup is called when it gives them up.
func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	m.assigned.Change(nil, session.Claims()[m.topic])
	return nil
}

// ConsumeClaim reads one of them.
func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		worker.Read([]worker.Record{read(message)})
		session.MarkMessage(message, "")
	}
	return nil
}

func (m *member) current() sarama.ConsumerGroupSession {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.session
}

// seek is what sarama has for it: the offset is reset and committed, and the claims start again.
func (m *member) seek(partition int32, offset int64) {
	session := m.current()
	session.ResetOffset(m.topic, partition, offset, "")
	session.Commit()
	m.again()
}

func (m *member) leave() error {
	m.stop()
	return m.group.Close()
}

func committed(blocks map[int32]*sarama.OffsetFetchResponseBlock) map[string]int64 {
	offsets := map[string]int64{}
	for partition, block := range blocks {
		if block.Offset > 0 {
			offsets[fmt.Sprint(partition)] = block.Offset
		}
	}
	return offsets
}
