// A franz-go client process: the verbs of compat_tests/clients/worker.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mockbroker/worker"
)

const patience = 20 * time.Second

// By itself it does not ask for metadata again until five seconds have passed, whatever the error.
var oftenEnough = kgo.MetadataMinAge(100 * time.Millisecond)

var warnings = kgo.WithLogger(kgo.BasicLogger(os.Stderr, kgo.LogLevelWarn, nil))

var codecs = map[string]kgo.CompressionCodec{
	"":       kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var acknowledgements = map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}

type client struct {
	seeds         kgo.Opt
	admin         *kadm.Client
	member        *kgo.Client
	stopPolling   context.CancelFunc
	assigned      worker.Assignment
	transactional *kgo.Client
}

func soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (c *client) createTopic(command worker.Command) error {
	ctx, done := soon()
	defer done()
	_, err := c.admin.CreateTopic(ctx, command.Partitions, 1, nil, command.Topic)
	return err
}

func (c *client) describeTopic(command worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	topics, err := c.admin.ListTopics(ctx, command.Topic)
	return topics[command.Topic].Partitions.Numbers(), err
}

func (c *client) listTopics(worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	topics, err := c.admin.ListTopics(ctx)
	return topics.Names(), err
}

func (c *client) deleteTopic(command worker.Command) error {
	ctx, done := soon()
	defer done()
	answer, err := c.admin.DeleteTopic(ctx, command.Topic)
	return errors.Join(err, answer.Err)
}

func sent(topic string, record worker.Record) *kgo.Record {
	made := &kgo.Record{Topic: topic, Key: worker.Data(record.Key), Value: worker.Data(record.Value)}
	if record.Partition != nil {
		made.Partition = *record.Partition
	}
	if record.TimestampMs != nil {
		made.Timestamp = time.UnixMilli(*record.TimestampMs)
	}
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
	}
	return made
}

func read(record *kgo.Record) worker.Record {
	timestamp := record.Timestamp.UnixMilli()
	made := worker.Record{
		Topic:       record.Topic,
		Partition:   &record.Partition,
		Offset:      record.Offset,
		TimestampMs: &timestamp,
		Key:         worker.Text(record.Key),
		Value:       worker.Text(record.Value),
		Headers:     [][]string{},
	}
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, []string{header.Key, string(header.Value)})
	}
	return made
}

func sendAll(producer *kgo.Client, command worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	var records []*kgo.Record
	for _, record := range command.Records {
		records = append(records, sent(command.Topic, record))
	}
	err := producer.ProduceSync(ctx, records...).FirstErr()
	places := [][]int64{}
	for _, record := range records {
		places = append(places, []int64{int64(record.Partition), record.Offset})
	}
	return places, err
}

func (c *client) produce(command worker.Command) (any, error) {
	options := []kgo.Opt{
		c.seeds,
		oftenEnough,
		warnings,
		kgo.ProducerBatchCompression(codecs[command.Codec]),
		kgo.RequiredAcks(acknowledgements[command.Acks]),
	}
	if !command.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if len(command.Records) > 0 && command.Records[0].Partition != nil {
		options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	producer, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	return sendAll(producer, command)
}

// fetch reads each partition from its start until it has seen the last offset before its end, markers included.
func (c *client) fetch(topic string, starts, ends map[int32]int64, options ...kgo.Opt) (any, error) {
	ctx, done := soon()
	defer done()
	from := map[int32]kgo.Offset{}
	for partition, start := range starts {
		if start < ends[partition] {
			from[partition] = kgo.NewOffset().At(start)
		}
	}
	records := []worker.Record{}
	if len(from) == 0 {
		return records, nil
	}
	options = append(options, c.seeds, oftenEnough, warnings, kgo.KeepControlRecords(), kgo.FetchMaxWait(200*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	consumer, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	for len(from) > 0 {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			if record.Offset < ends[record.Partition] && !record.Attrs.IsControl() {
				records = append(records, read(record))
			}
			if record.Offset >= ends[record.Partition]-1 {
				delete(from, record.Partition)
			}
		})
	}
	return worker.Sorted(records), nil
}

func (c *client) ends(
	topic string, list func(context.Context, ...string) (kadm.ListedOffsets, error),
) (map[int32]int64, error) {
	ctx, done := soon()
	defer done()
	listed, err := list(ctx, topic)
	offsets := map[int32]int64{}
	for partition, offset := range listed[topic] {
		offsets[partition] = offset.Offset
		err = errors.Join(err, offset.Err)
	}
	return offsets, err
}

func (c *client) readAll(command worker.Command) (any, error) {
	starts, err := c.ends(command.Topic, c.admin.ListStartOffsets)
	ends, err2 := c.ends(command.Topic, c.admin.ListEndOffsets)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return c.fetch(command.Topic, starts, ends)
}

func (c *client) readCommitted(command worker.Command) (any, error) {
	starts, err := c.ends(command.Topic, c.admin.ListStartOffsets)
	ends, err2 := c.ends(command.Topic, c.admin.ListCommittedOffsets)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return c.fetch(command.Topic, starts, ends, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
}

func (c *client) readFrom(command worker.Command) (any, error) {
	starts := map[int32]int64{command.Partition: command.Offset}
	ends := map[int32]int64{command.Partition: command.Offset + int64(command.Count)}
	return c.fetch(command.Topic, starts, ends)
}

func (c *client) watermarks(command worker.Command) (any, error) {
	starts, err := c.ends(command.Topic, c.admin.ListStartOffsets)
	ends, err2 := c.ends(command.Topic, c.admin.ListEndOffsets)
	return []int64{starts[command.Partition], ends[command.Partition]}, errors.Join(err, err2)
}

func (c *client) offsetForTime(command worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	listed, err := c.admin.ListOffsetsAfterMilli(ctx, command.TimestampMs, command.Topic)
	found, ok := listed.Lookup(command.Topic, command.Partition)
	if err == nil && ok && found.Timestamp < 0 {
		return nil, nil
	}
	return found.Offset, err
}

func (c *client) join(command worker.Command) error {
	changed := func(added bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			if added {
				c.assigned.Change(partitions[command.Topic], nil)
			} else {
				c.assigned.Change(nil, partitions[command.Topic])
			}
		}
	}
	options := []kgo.Opt{
		c.seeds,
		oftenEnough,
		warnings,
		kgo.ConsumerGroup(command.Group),
		kgo.ConsumeTopics(command.Topic),
		kgo.SessionTimeout(time.Duration(command.SessionTimeoutMs) * time.Millisecond),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.FetchMaxWait(300 * time.Millisecond), // a change of assignment waits for the fetch under way
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(changed(true)),
		kgo.OnPartitionsRevoked(changed(false)),
		kgo.OnPartitionsLost(changed(false)),
	}
	if command.Protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	}
	member, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	polling, stop := context.WithCancel(context.Background())
	c.member, c.stopPolling = member, stop
	go func() {
		for polling.Err() == nil {
			var records []worker.Record
			fetches := member.PollFetches(polling)
			fetches.EachError(func(topic string, partition int32, err error) {
				fmt.Fprintln(os.Stderr, topic, partition, err)
			})
			fetches.EachRecord(func(record *kgo.Record) { records = append(records, read(record)) })
			if records != nil {
				worker.Read(records)
			}
		}
	}()
	return nil
}

func (c *client) commit(worker.Command) (any, error) {
	ctx, done := soon()
	defer done()
	err := c.member.CommitUncommittedOffsets(ctx)
	committed := map[string]int64{}
	for _, partitions := range c.member.CommittedOffsets() {
		for partition, offset := range partitions {
			if offset.Offset > 0 {
				committed[fmt.Sprint(partition)] = offset.Offset
			}
		}
	}
	return committed, err
}

func (c *client) seek(command worker.Command) error {
	c.member.SetOffsets(map[string]map[int32]kgo.EpochOffset{
		command.Topic: {command.Partition: {Epoch: -1, Offset: command.Offset}},
	})
	return nil
}

func (c *client) leave(worker.Command) error {
	c.stopPolling()
	c.member.Close()
	return nil
}

func main() {
	seeds := kgo.SeedBrokers(strings.Split(os.Args[1], ",")...)
	admin, err := kgo.NewClient(seeds, kgo.MetadataMinAge(10*time.Millisecond)) // it answers from its cache meanwhile
	if err != nil {
		panic(err)
	}
	c := &client{seeds: seeds, admin: kadm.NewClient(admin)}
	worker.Serve(map[string]worker.Verb{
		"create_topic":        worker.Nothing(c.createTopic),
		"describe_topic":      c.describeTopic,
		"list_topics":         c.listTopics,
		"delete_topic":        worker.Nothing(c.deleteTopic),
		"produce":             c.produce,
		"read":                c.readAll,
		"read_committed":      c.readCommitted,
		"read_from":           c.readFrom,
		"watermarks":          c.watermarks,
		"offset_for_time":     c.offsetForTime,
		"join":                worker.Nothing(c.join),
		"commit":              c.commit,
		"seek":                worker.Nothing(c.seek),
		"leave":               worker.Nothing(c.leave),
		"send_in_transaction": c.sendInTransaction,
		"end_transaction":     worker.Nothing(c.endTransaction),
		"copy":                c.copyExactlyOnce,
	})
}
