package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"mockbroker/worker"
)

func transactional(servers []string, id string, partitioner sarama.PartitionerConstructor) (sarama.SyncProducer, error) {
	config := configured()
	config.Producer.Transaction.ID = id
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Partitioner = partitioner
	config.Net.MaxOpenRequests = 1
	return sarama.NewSyncProducer(servers, config)
}

func (c *client) sendInTransaction(command worker.Command) (any, error) {
	if c.transactional == nil {
		producer, err := transactional(c.servers, command.TransactionalID, sarama.NewManualPartitioner)
		if err != nil {
			return nil, err
		}
		c.transactional = producer
	}
	if err := c.transactional.BeginTxn(); err != nil {
		return nil, err
	}
	return sendAll(c.transactional, command)
}

func (c *client) endTransaction(command worker.Command) error {
	if command.Commit {
		return c.transactional.CommitTxn()
	}
	return c.transactional.AbortTxn()
}

// source hands on what a group member reads, with the session that it was read in.
type source struct {
	messages chan taken
}

type taken struct {
	message *sarama.ConsumerMessage
	session sarama.ConsumerGroupSession
}

func (s *source) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (s *source) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (s *source) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			select {
			case s.messages <- taken{message, session}:
			case <-session.Context().Done():
				return nil
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

// batch waits for a first message and takes, up to a limit, those that are there.
func (s *source) batch(limit int) ([]taken, error) {
	var batch []taken
	for len(batch) < limit {
		wait := 100 * time.Millisecond
		if len(batch) == 0 {
			wait = patience
		}
		select {
		case one := <-s.messages:
			batch = append(batch, one)
		case <-time.After(wait):
			if len(batch) == 0 {
				return nil, errors.New("nothing to copy")
			}
			return batch, nil
		}
	}
	return batch, nil
}

func copyBatch(producer sarama.SyncProducer, batch []taken, command worker.Command, commit bool) error {
	if err := producer.BeginTxn(); err != nil {
		return err
	}
	offsets := map[string][]*sarama.PartitionOffsetMetadata{}
	for _, one := range batch {
		message := &sarama.ProducerMessage{
			Topic: command.Target,
			Key:   sarama.ByteEncoder(one.message.Key),
			Value: sarama.StringEncoder(strings.ToUpper(string(one.message.Value))),
		}
		if _, _, err := producer.SendMessage(message); err != nil {
			return err
		}
		offsets[command.Source] = append(offsets[command.Source], &sarama.PartitionOffsetMetadata{
			Partition: one.message.Partition, Offset: one.message.Offset + 1,
		})
	}
	metadata := sarama.NewConsumerGroupMetadataFromSession(batch[0].session, command.Group, nil)
	if err := producer.AddOffsetsToTxnWithGroupMetadata(offsets, metadata); err != nil {
		return err
	}
	if commit {
		return producer.CommitTxn()
	}
	return producer.AbortTxn()
}

// copyExactlyOnce copies `count` records in transactions of five; it aborts every so many and does the work again.
func (c *client) copyExactlyOnce(command worker.Command) (any, error) {
	producer, err := transactional(c.servers, command.TransactionalID, sarama.NewHashPartitioner)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	config := configured()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	group, err := sarama.NewConsumerGroup(c.servers, command.Group, config)
	if err != nil {
		return nil, err
	}
	defer group.Close()
	consuming, stop := context.WithCancel(context.Background())
	defer stop()
	from := &source{make(chan taken)}
	go func() {
		for consuming.Err() == nil {
			_ = group.Consume(consuming, []string{command.Source}, from)
		}
	}()
	copied, aborted, number := 0, 0, 0
	for copied < command.Count {
		batch, err := from.batch(min(5, command.Count-copied))
		if err != nil {
			return nil, err
		}
		for done := false; !done; {
			number++
			done = number%command.AbortEvery != 0
			if err := copyBatch(producer, batch, command, done); err != nil {
				return nil, err
			}
			if !done {
				aborted++
			}
		}
		copied += len(batch)
	}
	return aborted, nil
}
