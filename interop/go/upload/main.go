// Says what op-challenger sends to L1 for a step that reads a preimage: one JSON line in (the proof of a step, as VMs
// write it; of it only what the oracle is asked for), one line out: the data of the transaction in hexadecimal, or "error: " and
// why it sends none.
//
//	upload PREIMAGES CLAIM
//
// PREIMAGES is the folder that the host has filled, CLAIM the index of the game's claim below which the step lies.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/contracts"
	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/contracts/metrics"
	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/trace/utils"
	"github.com/ethereum-optimism/optimism/op-program/host/kvstore"
	kvtypes "github.com/ethereum-optimism/optimism/op-program/host/types"
	"github.com/ethereum-optimism/optimism/op-service/sources/batching"
	"github.com/ethereum-optimism/optimism/op-service/txmgr"
)

// A node of L1 whose contracts say nothing but their version, one that is newer than all that op-challenger treats apart.
type versions struct{}

func (versions) CallContext(_ context.Context, out any, _ string, _ ...any) error {
	text, err := abi.NewType("string", "", nil)
	if err != nil {
		return err
	}
	version, err := abi.Arguments{{Type: text}}.Pack("9.0.0")
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(strconv.Quote(hexutil.Encode(version))), out)
}

func (v versions) BatchCallContext(ctx context.Context, batch []rpc.BatchElem) error {
	for i := range batch {
		batch[i].Error = v.CallContext(ctx, batch[i].Result, batch[i].Method, batch[i].Args...)
	}
	return nil
}

type uploader struct {
	preimages *utils.PreimageLoader
	oracle    contracts.PreimageOracleContract
	game      contracts.FaultDisputeGameContract
	claim     uint64
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	if len(arguments) != 2 {
		return fmt.Errorf("upload PREIMAGES CLAIM, not %v", arguments)
	}
	claim, err := strconv.ParseUint(arguments[1], 10, 64)
	if err != nil {
		return err
	}
	ctx, l1 := context.Background(), batching.NewMultiCaller(versions{}, batching.DefaultBatchSize)
	oracle, err := contracts.NewPreimageOracleContract(ctx, common.Address{1}, l1)
	if err != nil {
		return err
	}
	game, err := contracts.NewPreInteropFaultDisputeGameContract(ctx, metrics.NoopContractMetrics, common.Address{2}, l1)
	if err != nil {
		return err
	}
	silent := log.NewLogger(log.DiscardHandler())
	preimages := utils.NewPreimageLoader(func() (utils.PreimageSource, error) {
		return kvstore.NewDiskKV(silent, arguments[0], kvtypes.DataFormatFile)
	})
	u := uploader{preimages, oracle, game, claim}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var proof utils.ProofData
		if err := json.Unmarshal(lines.Bytes(), &proof); err != nil {
			return err
		}
		if tx, err := u.upload(ctx, &proof); err != nil {
			fmt.Fprintln(out, "error:", err)
		} else {
			fmt.Fprintln(out, hexutil.Encode(tx.TxData))
		}
	}
	return lines.Err()
}

func (u *uploader) upload(ctx context.Context, proof *utils.ProofData) (txmgr.TxCandidate, error) {
	data, err := u.preimages.LoadPreimage(proof)
	if err != nil {
		return txmgr.TxCandidate{}, err
	}
	if data.IsLocal {
		return u.game.UpdateOracleTx(ctx, u.claim, data)
	}
	return u.oracle.AddGlobalDataTx(data)
}
