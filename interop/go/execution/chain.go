package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/beacon/engine"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/txpool"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/miner"
	"github.com/ethereum/go-ethereum/rlp"
)

// Block is what became of payload attributes.
type Block struct {
	// Why there is no block; nothing else is said then.
	Refused string `json:"refused"`
	// In RLP.
	Header hexutil.Bytes `json:"header"`
	// As the receipts' root commits to them.
	Receipts []hexutil.Bytes `json:"receipts"`
	Witness  Witness         `json:"witness"`
	Coverage Coverage        `json:"coverage"`
}

// Account as far as a sender of transactions cares.
type Account struct {
	Nonce   uint64       `json:"nonce"`
	Balance *hexutil.Big `json:"balance"`
}

// chain is op-geth's, in memory, with the state of every block kept.
type chain struct {
	*core.BlockChain
	db      ethdb.Database
	miner   *miner.Miner
	counter *counter
}

func newChain(genesis *core.Genesis) (*chain, error) {
	c := &chain{db: rawdb.NewMemoryDatabase(), counter: new(counter)}
	config := core.DefaultConfig().WithArchive(true).WithStateScheme(rawdb.HashScheme)
	config.TrieCleanLimit, config.SnapshotLimit, config.NoPrefetch = 1, 0, true
	var err error
	c.BlockChain, err = core.NewBlockChain(c.db, genesis, beacon.New(&beacon.OpLegacy{}), config)
	if err != nil {
		return nil, err
	}
	c.miner = miner.New(node{c.BlockChain}, miner.DefaultConfig, c.Engine())
	return c, nil
}

// node is what the miner needs of one. There is no pool of transactions: blocks have the forced ones only.
type node struct{ chain *core.BlockChain }

func (n node) BlockChain() *core.BlockChain { return n.chain }

func (node) TxPool() *txpool.TxPool { return nil }

func (c *chain) genesis() (*Block, error) {
	header, err := rlp.EncodeToBytes(c.Genesis().Header())
	return &Block{Header: header, Receipts: []hexutil.Bytes{}}, err
}

// build does with attributes what a forkchoice update, getPayload, newPayload and another update do. An error is no verdict.
func (c *chain) build(attributes *engine.PayloadAttributes) (*Block, error) {
	block, err := c.payload(attributes)
	if err != nil {
		return &Block{Refused: err.Error()}, nil
	}
	witness, err := c.InsertBlockWithoutSetHead(context.Background(), block, true)
	if err != nil {
		// A node learns only now that nobody would take the block.
		return &Block{Refused: "inserted: " + err.Error()}, nil
	}
	if _, err := c.SetCanonical(block); err != nil {
		return nil, err
	}
	header, err := rlp.EncodeToBytes(block.Header())
	if err != nil {
		return nil, err
	}
	answer := &Block{Header: header, Receipts: []hexutil.Bytes{}}
	receipts := types.Receipts(c.GetReceiptsByHash(block.Hash()))
	for i := range receipts {
		var encoded bytes.Buffer
		receipts.EncodeIndex(i, &encoded)
		answer.Receipts = append(answer.Receipts, encoded.Bytes())
	}
	c.counter.reset()
	answer.Witness, err = c.record(block, witness.Headers)
	answer.Coverage = c.counter.coverage()
	return answer, err
}

// payload is the block that a sequencer's op-geth makes of attributes. That it panics counts as a refusal: a node answers
// with an error then.
func (c *chain) payload(attributes *engine.PayloadAttributes) (block *types.Block, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	var transactions types.Transactions
	for i, encoded := range attributes.Transactions {
		var transaction types.Transaction
		if err := transaction.UnmarshalBinary(encoded); err != nil {
			return nil, fmt.Errorf("transaction %d is not valid: %w", i, err)
		}
		transactions = append(transactions, &transaction)
	}
	payload, err := c.miner.BuildPayload(context.Background(), &miner.BuildPayloadArgs{
		Parent:        c.CurrentBlock().Hash(),
		Timestamp:     attributes.Timestamp,
		FeeRecipient:  attributes.SuggestedFeeRecipient,
		Random:        attributes.Random,
		Withdrawals:   attributes.Withdrawals,
		BeaconRoot:    attributes.BeaconRoot,
		NoTxPool:      attributes.NoTxPool,
		Transactions:  transactions,
		GasLimit:      attributes.GasLimit,
		EIP1559Params: attributes.EIP1559Params,
		MinBaseFee:    attributes.MinBaseFee,
		Version:       engine.PayloadV3,
	}, false)
	if err != nil {
		return nil, err
	}
	envelope := payload.ResolveFull()
	return engine.ExecutableDataToBlock(*envelope.ExecutionPayload, []common.Hash{}, attributes.BeaconRoot, envelope.Requests, c.Config())
}

// preimage is what has the hash, or nothing.
func (c *chain) preimage(hash common.Hash) hexutil.Bytes {
	if header := c.GetHeaderByHash(hash); header != nil {
		encoded, _ := rlp.EncodeToBytes(header)
		return encoded
	}
	if node := rawdb.ReadLegacyTrieNode(c.db, hash); node != nil {
		return node
	}
	return rawdb.ReadCode(c.db, hash)
}

func (c *chain) accounts(addresses []common.Address) ([]Account, error) {
	state, err := c.State()
	if err != nil {
		return nil, err
	}
	accounts := []Account{}
	for _, address := range addresses {
		accounts = append(accounts, Account{
			Nonce:   state.GetNonce(address),
			Balance: (*hexutil.Big)(state.GetBalance(address).ToBig()),
		})
	}
	return accounts, nil
}
