// chain is an OP Stack chain on loopback, made of the real programs: an L1 geth with a stand-in for its consensus layer
// and the L2's op-geth run in this process, op-node and op-batcher are its children.
//
//	chain make  -dir D -bin B -base G -until N -swap M   makes the chain, until L2 block N is final
//	chain serve -dir D -bin B                            serves it as it is: nothing in it moves any more
//
// Serving it writes one line of JSON once all answer: the URLs of l1, beacon, l2 and rollup, with and without somebody who
// counts what they are asked. Either ends when its input does, so that nothing outlives the program that started it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/ethereum/go-ethereum/eth/catalyst"
	_ "github.com/ethereum/go-ethereum/eth/tracers/native"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/rpc"

	opeth "github.com/ethereum-optimism/optimism/op-service/eth"
)

const (
	rollupFile    = "rollup.json"
	l1ConfigFile  = "l1-config.json"
	l1GenesisFile = "genesis-l1.json"
	l2GenesisFile = "genesis-l2.json"
	doneFile      = "chain.json" // written last: a folder without it is not a chain
)

type made struct {
	Final uint64 `json:"final"` // the L2 block up to which all of the chain can be claimed
}

type chain struct {
	dir, bin          string
	l1Stack, l2Stack  *node.Node
	l1, l2            *eth.Ethereum
	beacon            *beacon
	beaconURL, rollup string
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "chain:", err)
		os.Exit(1) // children die with us
	}
}

func (c *chain) file(name string) string { return filepath.Join(c.dir, name) }

func (c *chain) write(name string, value any) {
	text, err := json.MarshalIndent(value, "", " ")
	must(err)
	must(os.WriteFile(c.file(name), text, 0o644))
}

func (c *chain) read(name string, value any) {
	text, err := os.ReadFile(c.file(name))
	must(err)
	must(json.Unmarshal(text, value))
}

// listen serves a handler on a free port and gives its URL.
func listen(handler http.Handler) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() { _ = http.Serve(listener, handler) }()
	return "http://" + listener.Addr().String()
}

// writeGenesis begins a new chain's folder.
func (c *chain) writeGenesis(base string) {
	must(os.MkdirAll(c.file("blobs"), 0o755))
	l1, l2 := l1Genesis(), l2Genesis(base)
	c.write(l1GenesisFile, l1)
	c.write(l1ConfigFile, l1.Config)
	c.write(l2GenesisFile, l2)
	c.write(rollupFile, rollupConfig(l1, l2))
	must(os.WriteFile(c.file("jwt.txt"), []byte(hexutil.Encode(crypto.Keccak256([]byte("jwt")))), 0o600))
}

// open starts both geths, whose engines `engine` may replace, and the beacon API.
func (c *chain) open(engine func(*catalyst.ConsensusAPI) any) {
	logFile, err := os.Create(c.file("geth.log"))
	must(err)
	log.SetDefault(log.NewLogger(log.NewTerminalHandlerWithLevel(logFile, slog.LevelInfo, false)))
	var l1, l2 core.Genesis
	c.read(l1GenesisFile, &l1)
	c.read(l2GenesisFile, &l2)
	c.beacon = &beacon{dir: c.file("blobs"), genesisTime: l1.Timestamp}
	c.beaconURL = listen(c.beacon.handler())
	c.l1Stack, c.l1 = gethNode("l1-geth", c.file("l1"), c.file("jwt.txt"), &l1)
	c.l2Stack, c.l2 = gethNode("l2-geth", c.file("l2"), c.file("jwt.txt"), &l2)
	c.l2Stack.RegisterAPIs([]rpc.API{{Namespace: "engine", Service: engine(catalyst.NewConsensusAPI(c.l2)), Authenticated: true}})
	must(c.l1Stack.Start())
	must(c.l2Stack.Start())
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a free port for op-node
	must(err)
	c.rollup = "http://" + listener.Addr().String()
	must(listener.Close())
}

func (c *chain) close() {
	must(c.l2Stack.Close())
	must(c.l1Stack.Close())
}

func blockNumber(header *types.Header) uint64 {
	if header == nil {
		return 0
	}
	return header.Number.Uint64()
}

// make makes the chain. At L2 block `swap` the batcher goes over from blobs to calldata.
func (c *chain) make(ctx context.Context, base string, until, swap uint64) {
	c.writeGenesis(base)
	var l1Blocks *l1
	var transactions *traffic
	c.open(func(api *catalyst.ConsensusAPI) any {
		return &sequencedEngine{api, func(time uint64) {
			for l1Blocks.head().Time+l1BlockTime <= time {
				transactions.beforeL1Block()
				must(l1Blocks.build(ctx))
			}
			if blockNumber(c.l2.BlockChain().CurrentBlock()) < until {
				transactions.beforeL2Block()
			}
		}}
	})
	l1Blocks = &l1{eth: c.l1, api: catalyst.NewConsensusAPI(c.l1), beacon: c.beacon}
	transactions = newTraffic(c.l1.TxPool(), c.l2.TxPool())

	opNode := c.startNode("--sequencer.enabled", "--sequencer.l1-confs=0", "--l1.epoch-poll-interval=1s")
	must(c.await(ctx, func(*opeth.SyncStatus) bool { return true }))
	batcher, blobs := c.startBatcher(true), true
	tick := time.NewTicker(100 * time.Millisecond)
	for l2 := c.l2.BlockChain(); blockNumber(l2.CurrentFinalBlock()) < until; {
		if blobs && blockNumber(l2.CurrentBlock()) >= swap {
			batcher.stop()
			batcher, blobs = c.startBatcher(false), false
		}
		select {
		case <-tick.C:
		case <-opNode.done:
			must(errors.New("op-node has ended, see its log"))
		case <-batcher.done:
			must(errors.New("op-batcher has ended, see its log"))
		case <-ctx.Done():
			must(fmt.Errorf("not made: L1 %d, L2 %d, safe %d, final %d", blockNumber(l1Blocks.head()), blockNumber(l2.CurrentBlock()),
				blockNumber(l2.CurrentSafeBlock()), blockNumber(l2.CurrentFinalBlock())))
		}
	}
	batcher.stop()
	opNode.stop()
	c.close()
	c.write(doneFile, made{until})
}

// await asks op-node until its status is as wanted.
func (c *chain) await(ctx context.Context, wanted func(*opeth.SyncStatus) bool) error {
	client, err := rpc.DialContext(ctx, c.rollup)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		var status opeth.SyncStatus
		if err := client.CallContext(ctx, &status, "optimism_syncStatus"); err == nil && wanted(&status) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("op-node is not ready in time, see its log")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// serve serves a copy of the chain until `ended`, so that every one begins alike and several may be served at a time.
// Op-node follows L1 to its end first: then it knows what was safe when.
func (c *chain) serve(ctx context.Context, ended <-chan struct{}) {
	var done made
	c.read(doneFile, &done)
	served, err := os.MkdirTemp(filepath.Dir(c.dir), "served-")
	must(err)
	defer os.RemoveAll(served)
	must(os.CopyFS(served, os.DirFS(c.dir)))
	c.dir = served
	c.open(func(api *catalyst.ConsensusAPI) any { return api })
	opNode := c.startNode()
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	must(c.await(starting, func(status *opeth.SyncStatus) bool {
		return status.CurrentL1.Number > 0 && status.CurrentL1 == status.HeadL1 && status.SafeL2.Number >= done.Final
	}))
	cancel()
	uncounted := map[string]string{"l1": c.l1Stack.HTTPEndpoint(), "beacon": c.beaconURL, "l2": c.l2Stack.HTTPEndpoint(), "rollup": c.rollup}
	counted := map[string]string{}
	for name, url := range uncounted {
		counted[name] = listen(newCounter(url))
	}
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{"counted": counted, "uncounted": uncounted}))
	select {
	case <-ended:
	case <-ctx.Done():
	case <-opNode.done:
		fmt.Fprintln(os.Stderr, "chain: op-node has ended")
	}
	opNode.stop()
	c.close()
}

// inputEnded is closed when our input ends or we are told to stop.
func inputEnded() <-chan struct{} {
	ended := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	input := make(chan struct{})
	go func() { _, _ = os.Stdin.Read(make([]byte, 1)); close(input) }()
	go func() {
		select {
		case <-signals:
		case <-input:
		}
		close(ended)
	}()
	return ended
}

func main() {
	if len(os.Args) < 2 {
		must(errors.New("make or serve?"))
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	dir := flags.String("dir", "", "the chain's folder")
	bin := flags.String("bin", "", "folder of op-node and op-batcher")
	base := flags.String("base", "", "the genesis of op-program's tests")
	until := flags.Uint64("until", 130, "L2 block that is final when the chain is made")
	swap := flags.Uint64("swap", 90, "L2 block from which batches go into calldata")
	limit := flags.Duration("limit", 30*time.Minute, "ends after this time in any case")
	must(flags.Parse(os.Args[2:]))
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	ended := inputEnded()
	c := &chain{dir: *dir, bin: *bin}
	switch os.Args[1] {
	case "make":
		go func() { <-ended; must(errors.New("told to stop")) }()
		c.make(ctx, *base, *until, *swap)
	case "serve":
		c.serve(ctx, ended)
	default:
		must(fmt.Errorf("make or serve, not %s", os.Args[1]))
	}
}
