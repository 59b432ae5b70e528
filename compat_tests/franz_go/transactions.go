package main

import (
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mockbroker/worker"
)

func (c *client) sendInTransaction(command worker.Command) (any, error) {
	if c.transactional == nil {
		producer, err := kgo.NewClient(c.seeds, oftenEnough, warnings, kgo.TransactionalID(command.TransactionalID),
			kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			return nil, err
		}
		c.transactional = producer
	}
	if err := c.transactional.BeginTransaction(); err != nil {
		return nil, err
	}
	return sendAll(c.transactional, command)
}

func (c *client) endTransaction(command worker.Command) error {
	ctx, done := soon()
	defer done()
	return c.transactional.EndTransaction(ctx, kgo.TransactionEndTry(command.Commit))
}

// copyExactlyOnce copies `count` records in transactions of five, every so many of which it aborts.
func (c *client) copyExactlyOnce(command worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	session, err := kgo.NewGroupTransactSession(
		c.seeds,
		kgo.TransactionalID(command.TransactionalID),
		kgo.ConsumerGroup(command.Group),
		kgo.ConsumeTopics(command.Source),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.FetchMaxWait(300*time.Millisecond),
	)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	copied, aborted := 0, 0
	for number := 1; copied < command.Count; number++ {
		fetches := session.PollRecords(ctx, min(5, command.Count-copied))
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		if err := session.Begin(); err != nil {
			return nil, err
		}
		for _, record := range fetches.Records() {
			value := []byte(strings.ToUpper(string(record.Value)))
			session.Produce(ctx, &kgo.Record{Topic: command.Target, Key: record.Key, Value: value}, nil)
		}
		if err := session.Client().Flush(ctx); err != nil { // an abort drops what has not been sent
			return nil, err
		}
		wanted := number%command.AbortEvery != 0
		committed, err := session.End(ctx, kgo.TransactionEndTry(wanted))
		if err != nil {
			return nil, err
		}
		if committed {
			copied += fetches.NumRecords()
		} else {
			aborted++
		}
	}
	return aborted, nil
}
