package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// child is op-node or op-batcher.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// The signal of a parent's death is tied to the thread that started the child: children are started by main, on the
// main thread, which lives as long as we do.
func init() { runtime.LockOSThread() }

func start(bin, dir, name string, arguments ...string) *child {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	must(err)
	defer log.Close()
	cmd := exec.Command(filepath.Join(bin, name), arguments...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	must(cmd.Start())
	c := &child{cmd, make(chan struct{})}
	go func() { _ = cmd.Wait(); close(c.done) }()
	return c
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

func (c *chain) startNode(arguments ...string) *child {
	rollup, err := url.Parse(c.rollup)
	must(err)
	return start(c.bin, c.dir, "op-node", append([]string{"--l1=" + c.l1Stack.HTTPEndpoint(), "--l1.beacon=" + c.beaconURL,
		"--l2=" + c.l2Stack.HTTPAuthEndpoint(), "--l2.jwt-secret=" + c.file("jwt.txt"), "--rollup.config=" + c.file(rollupFile),
		"--rollup.l1-chain-config=" + c.file(l1ConfigFile), "--rpc.addr=127.0.0.1", "--rpc.port=" + rollup.Port(), "--p2p.disable",
		"--l1.trustrpc", "--l1.http-poll-interval=200ms", "--safedb.path=" + c.file("safedb")}, arguments...)...)
}

// startBatcher posts span batches with brotli in blobs, or singular batches with zlib in calldata.
func (c *chain) startBatcher(blobs bool) *child {
	arguments := []string{"--l1-eth-rpc=" + c.l1Stack.HTTPEndpoint(), "--l2-eth-rpc=" + c.l2Stack.HTTPEndpoint(), "--rollup-rpc=" + c.rollup,
		"--private-key=" + hexutil.Encode(crypto.FromECDSA(key("batcher"))), "--rpc.addr=127.0.0.1", "--rpc.port=0", "--poll-interval=200ms",
		"--num-confirmations=1", "--sub-safety-margin=4", "--max-channel-duration=3",
		"--txmgr.receipt-query-interval=100ms", "--resubmission-timeout=60s", "--throttle.unsafe-da-bytes-lower-threshold=0"}
	if blobs {
		arguments = append(arguments, "--data-availability-type=blobs", "--batch-type=1", "--compression-algo=brotli-10",
			"--target-num-frames=2", "--max-l1-tx-size-bytes=120000")
	} else {
		arguments = append(arguments, "--data-availability-type=calldata", "--batch-type=0", "--compression-algo=zlib",
			"--target-num-frames=1", "--max-l1-tx-size-bytes=8000", "--max-pending-tx=6")
	}
	return start(c.bin, c.dir, "op-batcher", arguments...)
}
