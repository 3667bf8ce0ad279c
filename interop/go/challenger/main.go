// challenger is op-challenger's own reading of a trace: its provider calls a VM with a server, as in a dispute, and what it
// makes of the files that these write is told as one JSON object a line.
//
//	challenger -vm BINARY -server BINARY -prestate FILE -dir DIR … INDEX...
//
// An index names a step of the trace, from 0 on. One beyond the trace's end is the last state, without end.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/log"

	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/trace/cannon"
	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/trace/utils"
	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/trace/vm"
	"github.com/ethereum-optimism/optimism/op-challenger/game/fault/types"
	gameTypes "github.com/ethereum-optimism/optimism/op-challenger/game/types"
	"github.com/ethereum-optimism/optimism/op-challenger/metrics"
)

// The depth of the games of OP Mainnet.
const depth = 73

// What a step of the trace is to a dispute: the claim after it, and what is sent to L1 to have it made there.
type stepData struct {
	Index     uint64        `json:"index"`
	Claim     common.Hash   `json:"claim"`
	State     hexutil.Bytes `json:"state"`
	Proof     hexutil.Bytes `json:"proof"`
	Key       hexutil.Bytes `json:"key"` // empty where the step reads no preimage, and so are the next two
	Preimage  hexutil.Bytes `json:"preimage"`
	Offset    uint32        `json:"offset"`
	FieldElem bool          `json:"fieldElement"` // with a KZG proof that was made of what the server stored
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "challenger:", err)
		os.Exit(1)
	}
}

func main() {
	var inputs utils.LocalGameInputs
	var cfg vm.Config
	hash := func(name string, to *common.Hash) {
		flag.Func(name, "a hash", func(text string) error { return to.UnmarshalText([]byte(text)) })
	}
	hash("l1-head", &inputs.L1Head)
	hash("agreed-head", &inputs.L2Head)
	hash("agreed-root", &inputs.L2OutputRoot)
	hash("claimed-root", &inputs.L2Claim)
	block := flag.Int64("claimed-block", 0, "a number")
	flag.StringVar(&cfg.VmBin, "vm", "", "the VM")
	flag.StringVar(&cfg.Server, "server", "", "the oracle's server, called as kona's")
	flag.StringVar(&cfg.L1, "l1", "", "URL")
	flag.StringVar(&cfg.L1Beacon, "beacon", "", "URL")
	l2 := flag.String("l2", "", "URL")
	rollup := flag.String("rollup", "", "a file")
	flag.StringVar(&cfg.L1GenesisPath, "l1-config", "", "a file")
	flag.UintVar(&cfg.SnapshotFreq, "snapshots", 1_000_000_000, "steps between snapshots")
	prestate := flag.String("prestate", "", "a file")
	dir := flag.String("dir", "", "a folder")
	flag.Parse()
	inputs.L2SequenceNumber = big.NewInt(*block)
	cfg.VmType, cfg.BinarySnapshots, cfg.DebugInfo, cfg.InfoFreq = gameTypes.CannonKonaGameType, true, true, 10_000_000
	cfg.L2s, cfg.RollupConfigPaths = []string{*l2}, []string{*rollup}

	logger := log.NewLogger(log.LogfmtHandlerWithLevel(os.Stderr, slog.LevelInfo))
	meter := metrics.NoopMetrics.ToTypedVmMetrics(cfg.VmType.String())
	start := vm.NewPrestateProvider(*prestate, cannon.NewStateConverter(cfg))
	provider := cannon.NewTraceProvider(logger, meter, cfg, vm.NewKonaExecutor(), start, *prestate, inputs, *dir, depth)
	ctx := context.Background()
	commitment, err := start.AbsolutePreStateCommitment(ctx)
	must(err)
	out := json.NewEncoder(os.Stdout)
	must(out.Encode(commitment))
	for _, text := range flag.Args() {
		index, err := strconv.ParseUint(text, 10, 64)
		must(err)
		position := types.NewPosition(depth, new(big.Int).SetUint64(index))
		step := stepData{Index: index}
		step.Claim, err = provider.Get(ctx, position)
		must(err)
		var oracle *types.PreimageOracleData
		step.State, step.Proof, oracle, err = provider.GetStepData(ctx, position)
		must(err)
		if oracle != nil {
			step.Key, step.Preimage, step.Offset = oracle.OracleKey, oracle.GetPreimageWithSize(), oracle.OracleOffset
			step.FieldElem = len(oracle.BlobProof) > 0
		}
		must(out.Encode(step))
	}
}
