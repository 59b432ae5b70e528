// franz-go's kfake as a process, for the benchmarks.
//
//	kfake                serve until killed; prints the address when clients may connect
//	kfake -starts N      start and stop N clusters; prints the microseconds that each start took
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

func start() *kfake.Cluster {
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(1),
		kfake.GroupMinSessionTimeout(time.Second),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return cluster
}

func main() {
	starts := flag.Int("starts", 0, "measure so many starts instead of serving")
	flag.Parse()
	for range *starts {
		begun := time.Now()
		cluster := start()
		fmt.Println(float64(time.Since(begun).Nanoseconds()) / 1000)
		cluster.Close()
	}
	if *starts > 0 {
		return
	}
	fmt.Println(start().ListenAddrs()[0])
	select {}
}
