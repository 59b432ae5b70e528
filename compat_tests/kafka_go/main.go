// A kafka-go client process: the verbs of compat_tests/clients/worker.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"

	"mockbroker/worker"
)

const patience = 20 * time.Second

var codecs = map[string]kafka.Compression{
	"": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
}

var acknowledgements = map[string]kafka.RequiredAcks{
	"0": kafka.RequireNone, "1": kafka.RequireOne, "all": kafka.RequireAll,
}

type client struct {
	servers string
	kafka   *kafka.Client
	member  *member
}

// fresh is a transport that sees new topics soon; by itself it looks again after six seconds.
func fresh() *kafka.Transport {
	return &kafka.Transport{MetadataTTL: 100 * time.Millisecond}
}

func patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (c *client) createTopic(command worker.Command) error {
	ctx, cancel := patient()
	defer cancel()
	topic := kafka.TopicConfig{
		Topic: command.Topic, NumPartitions: int(command.Partitions), ReplicationFactor: 1,
	}
	answer, err := c.kafka.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err != nil {
		return err
	}
	return answer.Errors[command.Topic]
}

// partitions asks the broker itself, not what the transport remembers; without topics, for all of them.
func (c *client) partitions(topics ...string) ([]kafka.Partition, error) {
	connection, err := kafka.Dial("tcp", c.servers)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return connection.ReadPartitions(topics...)
}

func (c *client) describeTopic(command worker.Command) (any, error) {
	partitions, err := c.partitions(command.Topic)
	numbers := []int{}
	for _, partition := range partitions {
		numbers = append(numbers, partition.ID)
	}
	return numbers, err
}

func (c *client) listTopics(worker.Command) (any, error) {
	partitions, err := c.partitions()
	names := []string{}
	for _, partition := range partitions {
		names = append(names, partition.Topic)
	}
	return names, err
}

func (c *client) deleteTopic(command worker.Command) error {
	ctx, cancel := patient()
	defer cancel()
	answer, err := c.kafka.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{command.Topic}})
	if err != nil {
		return err
	}
	return answer.Errors[command.Topic]
}

// balancer obeys the records that say where they belong; the others go where their keys lead.
type balancer struct{ kafka.Hash }

func (b *balancer) Balance(message kafka.Message, partitions ...int) int {
	if wanted := message.WriterData.(worker.Record).Partition; wanted != nil {
		return int(*wanted)
	}
	return b.Hash.Balance(message, partitions...)
}

func messages(command worker.Command) []kafka.Message {
	var made []kafka.Message
	for _, record := range command.Records {
		message := kafka.Message{
			Key: worker.Data(record.Key), Value: worker.Data(record.Value), WriterData: record,
		}
		if record.TimestampMs != nil {
			message.Time = time.UnixMilli(*record.TimestampMs)
		}
		for _, header := range record.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: header[0], Value: []byte(header[1])})
		}
		made = append(made, message)
	}
	return made
}

func (c *client) produce(command worker.Command) (any, error) {
	ctx, cancel := patient()
	defer cancel()
	places := [][]int64{}
	writer := &kafka.Writer{
		Addr: kafka.TCP(c.servers), Topic: command.Topic, Transport: fresh(),
		Balancer: &balancer{}, Compression: codecs[command.Codec], RequiredAcks: acknowledgements[command.Acks],
		BatchSize: 1000, BatchTimeout: 10 * time.Millisecond,
		Completion: func(sent []kafka.Message, _ error) {
			for _, message := range sent {
				places = append(places, []int64{int64(message.Partition), message.Offset})
			}
		},
	}
	err := writer.WriteMessages(ctx, messages(command)...)
	return places, errors.Join(err, writer.Close())
}

func (c *client) offsets(topic string, asked ...kafka.OffsetRequest) (kafka.PartitionOffsets, error) {
	ctx, cancel := patient()
	defer cancel()
	answer, err := c.kafka.ListOffsets(ctx,
		&kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}})
	if err != nil {
		return kafka.PartitionOffsets{}, err
	}
	found := answer.Topics[topic][0]
	return found, found.Error
}

func (c *client) bounds(topic string, partition int) (int64, int64, error) {
	found, err := c.offsets(topic, kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition))
	return found.FirstOffset, found.LastOffset, err
}

func (c *client) watermarks(command worker.Command) (any, error) {
	start, end, err := c.bounds(command.Topic, int(command.Partition))
	return []int64{start, end}, err
}

func (c *client) offsetForTime(command worker.Command) (any, error) {
	at := time.UnixMilli(command.TimestampMs)
	found, err := c.offsets(command.Topic, kafka.TimeOffsetOf(int(command.Partition), at))
	for offset := range found.Offsets {
		if offset >= 0 {
			return offset, err
		}
	}
	return nil, err
}

func (c *client) readAll(command worker.Command) (any, error) {
	partitions, err := c.partitions(command.Topic)
	records := []worker.Record{}
	for _, partition := range partitions {
		start, end, err := c.bounds(command.Topic, partition.ID)
		if err != nil {
			return nil, err
		}
		some, err := c.fetch(command.Topic, partition.ID, start, end)
		if err != nil {
			return nil, err
		}
		records = append(records, some...)
	}
	return worker.Sorted(records), err
}

func (c *client) readFrom(command worker.Command) (any, error) {
	return c.fetch(command.Topic, int(command.Partition), command.Offset, command.Offset+int64(command.Count))
}

func main() {
	c := &client{servers: os.Args[1]}
	c.kafka = &kafka.Client{Addr: kafka.TCP(c.servers), Transport: fresh(), Timeout: patience}
	if _, err := c.partitions(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	worker.Serve(map[string]worker.Verb{
		"create_topic":    worker.Nothing(c.createTopic),
		"describe_topic":  c.describeTopic,
		"list_topics":     c.listTopics,
		"delete_topic":    worker.Nothing(c.deleteTopic),
		"produce":         c.produce,
		"read":            c.readAll,
		"read_from":       c.readFrom,
		"watermarks":      c.watermarks,
		"offset_for_time": c.offsetForTime,
		"join":            worker.Nothing(c.join),
		"commit":          c.commit,
		"seek":            worker.Nothing(c.seek),
		"leave":           worker.Nothing(c.leave),
	})
}
