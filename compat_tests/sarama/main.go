// A sarama client process: the verbs of compat_tests/clients/worker.py.
package main

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"mockbroker/worker"
)

const (
	patience = 20 * time.Second
	silence  = time.Second // after which a reader takes it that markers are all that is left
)

var codecs = map[string]sarama.CompressionCodec{
	"":       sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

var acknowledgements = map[string]sarama.RequiredAcks{
	"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll,
}

type client struct {
	servers       []string
	plain         sarama.Client
	admin         sarama.ClusterAdmin
	member        *member
	transactional sarama.SyncProducer
}

func configured() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Consumer.MaxWaitTime = 200 * time.Millisecond
	config.Producer.Return.Successes = true
	return config
}

func (c *client) createTopic(command worker.Command) error {
	detail := &sarama.TopicDetail{NumPartitions: command.Partitions, ReplicationFactor: 1}
	return c.admin.CreateTopic(command.Topic, detail, false)
}

func (c *client) describeTopic(command worker.Command) (any, error) {
	described, err := c.admin.DescribeTopics([]string{command.Topic})
	partitions := []int32{}
	for _, topic := range described {
		for _, partition := range topic.Partitions {
			partitions = append(partitions, partition.ID)
		}
	}
	return partitions, err
}

func (c *client) listTopics(worker.Command) (any, error) {
	topics, err := c.admin.ListTopics()
	names := []string{}
	for name := range topics {
		names = append(names, name)
	}
	return names, err
}

func (c *client) deleteTopic(command worker.Command) error {
	return c.admin.DeleteTopic(command.Topic)
}

func encoder(text *string) sarama.Encoder {
	if text == nil {
		return nil
	}
	return sarama.StringEncoder(*text)
}

func messages(command worker.Command) []*sarama.ProducerMessage {
	var made []*sarama.ProducerMessage
	for _, record := range command.Records {
		message := &sarama.ProducerMessage{
			Topic: command.Topic, Key: encoder(record.Key), Value: encoder(record.Value),
		}
		if record.Partition != nil {
			message.Partition = *record.Partition
		}
		if record.TimestampMs != nil {
			message.Timestamp = time.UnixMilli(*record.TimestampMs)
		}
		for _, header := range record.Headers {
			message.Headers = append(message.Headers,
				sarama.RecordHeader{Key: []byte(header[0]), Value: []byte(header[1])})
		}
		made = append(made, message)
	}
	return made
}

func read(message *sarama.ConsumerMessage) worker.Record {
	timestamp := message.Timestamp.UnixMilli()
	made := worker.Record{
		Topic:       message.Topic,
		Partition:   &message.Partition,
		Offset:      message.Offset,
		TimestampMs: &timestamp,
		Key:         worker.Text(message.Key),
		Value:       worker.Text(message.Value),
		Headers:     [][]string{},
	}
	for _, header := range message.Headers {
		made.Headers = append(made.Headers, []string{string(header.Key), string(header.Value)})
	}
	return made
}

func sendAll(producer sarama.SyncProducer, command worker.Command) (any, error) {
	sent := messages(command)
	err := producer.SendMessages(sent)
	var failures sarama.ProducerErrors
	if errors.As(err, &failures) {
		err = failures[0]
	}
	places := [][]int64{}
	for _, message := range sent {
		places = append(places, []int64{int64(message.Partition), message.Offset})
	}
	return places, err
}

func (c *client) produce(command worker.Command) (any, error) {
	config := configured()
	config.Producer.Compression = codecs[command.Codec]
	config.Producer.RequiredAcks = acknowledgements[command.Acks]
	if command.Idempotent {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	if len(command.Records) > 0 && command.Records[0].Partition != nil {
		config.Producer.Partitioner = sarama.NewManualPartitioner
	}
	producer, err := sarama.NewSyncProducer(c.servers, config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	return sendAll(producer, command)
}

// fetch reads one partition up to its end, or until nothing has come for a while.
func (c *client) fetch(topic string, partition int32, start, end int64, committed bool) ([]worker.Record, error) {
	config := configured()
	if committed {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	consumer, err := sarama.NewConsumer(c.servers, config)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	claim, err := consumer.ConsumePartition(topic, partition, start)
	if err != nil {
		return nil, err
	}
	defer claim.Close()
	var records []worker.Record
	for next := start; next < end; {
		select {
		case message := <-claim.Messages():
			next = message.Offset + 1
			records = append(records, read(message))
		case <-time.After(silence):
			return records, nil
		}
	}
	return records, nil
}

func (c *client) fetchAll(topic string, committed bool) (any, error) {
	partitions, err := c.plain.Partitions(topic)
	records := []worker.Record{}
	for _, partition := range partitions {
		start, err := c.plain.GetOffset(topic, partition, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		end, err := c.plain.GetOffset(topic, partition, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		if start == end {
			continue
		}
		some, err := c.fetch(topic, partition, start, end, committed)
		if err != nil {
			return nil, err
		}
		records = append(records, some...)
	}
	return records, err
}

func (c *client) readAll(command worker.Command) (any, error) {
	return c.fetchAll(command.Topic, false)
}

func (c *client) readCommitted(command worker.Command) (any, error) {
	return c.fetchAll(command.Topic, true)
}

func (c *client) readFrom(command worker.Command) (any, error) {
	return c.fetch(command.Topic, command.Partition, command.Offset, command.Offset+int64(command.Count), false)
}

func (c *client) watermarks(command worker.Command) (any, error) {
	start, err := c.plain.GetOffset(command.Topic, command.Partition, sarama.OffsetOldest)
	end, err2 := c.plain.GetOffset(command.Topic, command.Partition, sarama.OffsetNewest)
	return []int64{start, end}, errors.Join(err, err2)
}

func (c *client) offsetForTime(command worker.Command) (any, error) {
	offset, err := c.plain.GetOffset(command.Topic, command.Partition, command.TimestampMs)
	if err == nil && offset < 0 {
		return nil, nil
	}
	return offset, err
}

func (c *client) join(command worker.Command) error {
	config := configured()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = time.Duration(command.SessionTimeoutMs) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	member, err := joined(c.servers, config, command.Group, command.Topic)
	c.member = member
	return err
}

func (c *client) commit(worker.Command) (any, error) {
	c.member.current().Commit()
	claims := map[string][]int32{c.member.topic: c.member.assigned.Partitions()}
	answer, err := c.admin.ListConsumerGroupOffsets(c.member.name, claims)
	if err != nil {
		return nil, err
	}
	return committed(answer.Blocks[c.member.topic]), nil
}

func (c *client) seek(command worker.Command) error {
	c.member.seek(command.Partition, command.Offset)
	return nil
}

func (c *client) leave(worker.Command) error {
	return c.member.leave()
}

func main() {
	servers := strings.Split(os.Args[1], ",")
	plain, err := sarama.NewClient(servers, configured())
	if err != nil {
		panic(err)
	}
	admin, err := sarama.NewClusterAdminFromClient(plain)
	if err != nil {
		panic(err)
	}
	c := &client{servers: servers, plain: plain, admin: admin}
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
