package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand"
	"time"

	"github.com/ethereum/go-ethereum/beacon/engine"
	"github.com/ethereum/go-ethereum/cmd/utils"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/txpool/blobpool"
	"github.com/ethereum/go-ethereum/core/txpool/legacypool"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/ethereum/go-ethereum/eth/catalyst"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/eth/tracers"
	"github.com/ethereum/go-ethereum/miner"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/rpc"

	opeth "github.com/ethereum-optimism/optimism/op-service/eth"
)

const (
	// Geth fills a block until it is asked for it: what a block of ours takes, with room for a busy machine.
	l2BuildTime = 150 * time.Millisecond
	l1BuildTime = 60 * time.Millisecond

	l1SafeDistance  = 4
	l1FinalDistance = 8
)

// gethNode is a geth in this process that keeps all states, its HTTP port a free one.
func gethNode(name, dir, jwt string, genesis *core.Genesis) (*node.Node, *eth.Ethereum) {
	stack, err := node.New(&node.Config{Name: name, DataDir: dir, HTTPHost: "127.0.0.1", HTTPModules: []string{"debug", "eth", "net", "web3", "txpool"},
		AuthAddr: "127.0.0.1", JWTSecret: jwt, P2P: p2p.Config{NoDiscovery: true, NoDial: true, MaxPeers: 0}, UseLightweightKDF: true,
		HTTPTimeouts: rpc.DefaultHTTPTimeouts, BatchRequestLimit: 5000, BatchResponseMaxSize: 200_000_000})
	must(err)
	config := &ethconfig.Config{NetworkId: genesis.Config.ChainID.Uint64(), Genesis: genesis, StateScheme: rawdb.HashScheme, NoPruning: true,
		DatabaseCache: 64, DatabaseHandles: 256, FilterLogCacheSize: 100, TxPool: legacypool.Config{NoLocals: true},
		BlobPool: blobpool.Config{Datadir: "blobpool", Datacap: 1 << 30, PriceBump: 100},
		Miner:    miner.Config{GasCeil: gasLimit, GasPrice: big.NewInt(1), Recommit: 400 * time.Millisecond}}
	backend, err := eth.New(stack, config)
	must(err)
	utils.RegisterFilterAPI(stack, backend.APIBackend, config)
	stack.RegisterAPIs(tracers.APIs(backend.APIBackend))
	return stack, backend
}

// sequencedEngine is the L2's engine API while the chain is made. All of the chain is in the past, so op-node builds a
// block as soon as it has the last: each block's transactions, and the L1 blocks of its time, come just before it.
type sequencedEngine struct {
	*catalyst.ConsensusAPI
	beforeBlock func(time uint64)
}

// ForkchoiceUpdatedV3 holds the answer back until the block is full.
func (e *sequencedEngine) ForkchoiceUpdatedV3(ctx context.Context, update engine.ForkchoiceStateV1, attributes *engine.PayloadAttributes) (engine.ForkChoiceResponse, error) {
	isSequenced := attributes != nil && !attributes.NoTxPool
	if isSequenced {
		e.beforeBlock(attributes.Timestamp)
	}
	response, err := e.ConsensusAPI.ForkchoiceUpdatedV3(ctx, update, attributes)
	if isSequenced && err == nil {
		time.Sleep(l2BuildTime)
	}
	return response, err
}

// l1 makes L1's blocks as a consensus layer would.
type l1 struct {
	eth         *eth.Ethereum
	api         *catalyst.ConsensusAPI
	beacon      *beacon
	withdrawals uint64
}

func (l *l1) head() *types.Header { return l.eth.BlockChain().CurrentBlock() }

// ancestor is the hash of the block this far below the head, or of genesis.
func (l *l1) ancestor(distance uint64) common.Hash {
	number := l.head().Number.Uint64()
	return l.eth.BlockChain().GetHeaderByNumber(number - min(number, distance)).Hash()
}

// build makes the next block of what is in the pool and keeps its blobs.
func (l *l1) build(ctx context.Context) error {
	head := l.head()
	var parentTime [8]byte
	binary.LittleEndian.PutUint64(parentTime[:], head.Time)
	beaconRoot := crypto.Keccak256Hash(parentTime[:])
	state := engine.ForkchoiceStateV1{HeadBlockHash: head.Hash(), SafeBlockHash: l.ancestor(l1SafeDistance), FinalizedBlockHash: l.ancestor(l1FinalDistance)}
	response, err := l.api.ForkchoiceUpdatedV3(ctx, state, &engine.PayloadAttributes{Timestamp: head.Time + l1BlockTime, Random: crypto.Keccak256Hash(beaconRoot[:]),
		SuggestedFeeRecipient: common.Address{1}, Withdrawals: l.nextWithdrawals(head.Number.Int64()), BeaconRoot: &beaconRoot})
	if err != nil || response.PayloadID == nil {
		return fmt.Errorf("L1 block not begun: %v %v", response.PayloadStatus, err)
	}
	time.Sleep(l1BuildTime)
	envelope, err := l.api.GetPayloadV4(*response.PayloadID)
	if err != nil {
		return err
	}
	hashes := []common.Hash{}
	for _, commitment := range envelope.BlobsBundle.Commitments {
		hashes = append(hashes, opeth.KZGToVersionedHash([48]byte(commitment)))
	}
	payload := envelope.ExecutionPayload
	status, err := l.api.NewPayloadV4(ctx, *payload, hashes, &beaconRoot, []hexutil.Bytes{})
	if err != nil || status.Status != engine.VALID {
		return fmt.Errorf("L1 block refused: %v %v", status, err)
	}
	if len(hashes) > 0 { // before the block is seen, or op-node might ask too early
		if err := l.beacon.store(payload.Timestamp, envelope.BlobsBundle); err != nil {
			return err
		}
	}
	state.HeadBlockHash = payload.BlockHash
	_, err = l.api.ForkchoiceUpdatedV3(ctx, state, nil)
	return err
}

// nextWithdrawals are none to three.
func (l *l1) nextWithdrawals(seed int64) []*types.Withdrawal {
	random := rand.New(rand.NewSource(seed))
	withdrawals := make([]*types.Withdrawal, random.Intn(4))
	for i := range withdrawals {
		withdrawals[i] = &types.Withdrawal{Index: l.withdrawals, Validator: random.Uint64() % 1_000_000,
			Address: common.BigToAddress(new(big.Int).SetUint64(random.Uint64())), Amount: uint64(random.Intn(50_000_000_000) + 1)}
		l.withdrawals++
	}
	return withdrawals
}
