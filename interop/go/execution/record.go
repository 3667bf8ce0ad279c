package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/triedb"
)

// Witness is what op-geth reads to execute a block: ancestors from the parent back, codes, trie nodes.
//
// Headers are those of op-geth's own witness. Its nodes would not do: it leaves out the ways to accounts that turn out not to
// exist. So nodes and codes are what is read from a database when the block is executed on nothing but that.
type Witness struct {
	Headers []hexutil.Bytes `json:"headers"`
	Codes   []hexutil.Bytes `json:"codes"`
	State   []hexutil.Bytes `json:"state"`
}

// recorder notes what is read of a database.
type recorder struct {
	ethdb.Database
	codes, nodes map[string]struct{}
}

func (r *recorder) Get(key []byte) ([]byte, error) {
	value, err := r.Database.Get(key)
	if err == nil && len(key) == 32 {
		r.nodes[string(value)] = struct{}{}
	} else if isCode, _ := rawdb.IsCodeKey(key); err == nil && isCode {
		r.codes[string(value)] = struct{}{}
	}
	return value, err
}

// record executes a block that is in the chain, on its parent's state.
func (c *chain) record(block *types.Block, ancestors []*types.Header) (Witness, error) {
	witness := Witness{Headers: []hexutil.Bytes{}, Codes: []hexutil.Bytes{}, State: []hexutil.Bytes{}}
	reads := &recorder{Database: c.db, codes: make(map[string]struct{}), nodes: make(map[string]struct{})}
	parent := c.GetHeaderByHash(block.ParentHash())
	statedb, err := state.New(parent.Root, state.NewDatabase(triedb.NewDatabase(reads, triedb.HashDefaults), state.NewCodeDB(reads)))
	if err != nil {
		return witness, err
	}
	result, err := c.Processor().Process(context.Background(), block, statedb, vm.Config{Tracer: c.counter.hooks()})
	if err != nil {
		return witness, err
	}
	if err := core.NewBlockValidator(c.Config(), c.BlockChain).ValidateState(block, statedb, result, false); err != nil {
		return witness, fmt.Errorf("recorded: %w", err)
	}
	if c.Config().IsIsthmus(block.Time()) {
		// As the header is assembled.
		statedb.GetStorageRoot(params.OptimismL2ToL1MessagePasser)
	}
	for _, header := range ancestors {
		encoded, err := rlp.EncodeToBytes(header)
		if err != nil {
			return witness, err
		}
		witness.Headers = append(witness.Headers, encoded)
	}
	for code := range reads.codes {
		witness.Codes = append(witness.Codes, []byte(code))
	}
	for node := range reads.nodes {
		witness.State = append(witness.State, []byte(node))
	}
	return witness, nil
}
