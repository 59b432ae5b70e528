package main

import (
	"errors"
	"io"
	"time"

	"github.com/segmentio/kafka-go"

	"mockbroker/worker"
)

// text reads a record's bytes; nil stays null.
func text(data kafka.Bytes) (*string, error) {
	if data == nil {
		return nil, nil
	}
	all, err := kafka.ReadAll(data)
	made := string(all)
	return &made, err
}

func read(topic string, partition int, record *kafka.Record) (worker.Record, error) {
	key, err := text(record.Key)
	value, err2 := text(record.Value)
	number, timestamp := int32(partition), record.Time.UnixMilli()
	made := worker.Record{
		Topic: topic, Partition: &number, Offset: record.Offset, TimestampMs: &timestamp,
		Key: key, Value: value, Headers: [][]string{},
	}
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, []string{header.Key, string(header.Value)})
	}
	return made, errors.Join(err, err2)
}

// fetch reads one partition from one offset up to another.
func (c *client) fetch(topic string, partition int, start, end int64) ([]worker.Record, error) {
	ctx, cancel := patient()
	defer cancel()
	records := []worker.Record{}
	for next := start; next < end; {
		answer, err := c.kafka.Fetch(ctx, &kafka.FetchRequest{
			Topic: topic, Partition: partition, Offset: next,
			MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 200 * time.Millisecond,
		})
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if answer.Error != nil {
			return nil, answer.Error
		}
		for {
			record, err := answer.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			one, err := read(topic, partition, record)
			if err != nil {
				return nil, err
			}
			if one.Offset >= next && one.Offset < end {
				records = append(records, one)
				next = one.Offset + 1
			}
		}
	}
	return records, nil
}
