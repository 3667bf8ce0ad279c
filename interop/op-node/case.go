package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/params"

	"github.com/ethereum-optimism/optimism/op-node/rollup"
)

// Case is an L1 chain, and what becomes of the L2 blocks that it gives rise to.
type Case struct {
	Rollup   rollup.Config       `json:"rollup"`
	L1Config *params.ChainConfig `json:"l1_config"`
	// From the rollup's L1 genesis on; beyond the last one there is nothing.
	L1 []L1Block `json:"l1"`
	// By versioned hash, without the zeros at their ends.
	Blobs map[common.Hash]hexutil.Bytes `json:"blobs"`
	// True if an L2 block's hash depends on its number alone, so that batches fit on whatever came before.
	HashByNumber bool `json:"hash_by_number"`
	// Numbers of L2 blocks that are refused as invalid, once for each time that the number stands here.
	Refused []uint64 `json:"refused"`
	// Numbers of L2 blocks: as soon as one is safe, the pipeline begins anew on top of it.
	Restarts []uint64 `json:"restarts"`
}

// L1Block holds a header in RLP, transactions and receipts in their EIP-2718 encodings.
type L1Block struct {
	Header       hexutil.Bytes   `json:"header"`
	Transactions []hexutil.Bytes `json:"transactions"`
	Receipts     []hexutil.Bytes `json:"receipts"`
}
