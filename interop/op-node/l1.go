package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"

	optypes "github.com/ethereum-optimism/optimism/op-core/types"
	"github.com/ethereum-optimism/optimism/op-service/eth"
)

// l1Chain answers what op-node asks an L1 node and a beacon node.
type l1Chain struct {
	blocks []l1Block
	byHash map[common.Hash]int
	blobs  map[common.Hash]hexutil.Bytes
}

type l1Block struct {
	info         eth.BlockInfo
	transactions types.Transactions
	receipts     optypes.Receipts
}

func newL1Chain(input *Case) (*l1Chain, error) {
	chain := &l1Chain{byHash: make(map[common.Hash]int), blobs: input.Blobs}
	for i, encoded := range input.L1 {
		block, err := decodeL1Block(encoded)
		if err != nil {
			return nil, fmt.Errorf("L1 block %d: %w", i, err)
		}
		chain.byHash[block.info.Hash()] = i
		chain.blocks = append(chain.blocks, block)
	}
	return chain, nil
}

func decodeL1Block(encoded L1Block) (l1Block, error) {
	var header types.Header
	if err := rlp.DecodeBytes(encoded.Header, &header); err != nil {
		return l1Block{}, fmt.Errorf("header: %w", err)
	}
	block := l1Block{info: eth.HeaderBlockInfo(&header)}
	for i, raw := range encoded.Transactions {
		transaction := new(types.Transaction)
		if err := transaction.UnmarshalBinary(raw); err != nil {
			return l1Block{}, fmt.Errorf("transaction %d: %w", i, err)
		}
		block.transactions = append(block.transactions, transaction)
	}
	logs := uint(0)
	for i, raw := range encoded.Receipts {
		receipt := new(optypes.Receipt)
		if err := receipt.UnmarshalBinary(raw); err != nil {
			return l1Block{}, fmt.Errorf("receipt %d: %w", i, err)
		}
		for _, entry := range receipt.Logs {
			entry.BlockHash, entry.BlockNumber, entry.Index = block.info.Hash(), header.Number.Uint64(), logs
			logs++
		}
		block.receipts = append(block.receipts, receipt)
	}
	return block, nil
}

func (c *l1Chain) at(hash common.Hash) (*l1Block, error) {
	if i, ok := c.byHash[hash]; ok {
		return &c.blocks[i], nil
	}
	return nil, ethereum.NotFound
}

func (c *l1Chain) L1BlockRefByLabel(context.Context, eth.BlockLabel) (eth.L1BlockRef, error) {
	return eth.InfoToL1BlockRef(c.blocks[len(c.blocks)-1].info), nil
}

func (c *l1Chain) L1BlockRefByNumber(_ context.Context, number uint64) (eth.L1BlockRef, error) {
	first := c.blocks[0].info.NumberU64()
	if number < first || number-first >= uint64(len(c.blocks)) {
		return eth.L1BlockRef{}, ethereum.NotFound
	}
	return eth.InfoToL1BlockRef(c.blocks[number-first].info), nil
}

func (c *l1Chain) L1BlockRefByHash(_ context.Context, hash common.Hash) (eth.L1BlockRef, error) {
	block, err := c.at(hash)
	if err != nil {
		return eth.L1BlockRef{}, err
	}
	return eth.InfoToL1BlockRef(block.info), nil
}

func (c *l1Chain) InfoByHash(_ context.Context, hash common.Hash) (eth.BlockInfo, error) {
	block, err := c.at(hash)
	if err != nil {
		return nil, err
	}
	return block.info, nil
}

func (c *l1Chain) FetchReceipts(_ context.Context, hash common.Hash) (eth.BlockInfo, optypes.Receipts, error) {
	block, err := c.at(hash)
	if err != nil {
		return nil, nil, err
	}
	return block.info, block.receipts, nil
}

func (c *l1Chain) InfoAndTxsByHash(_ context.Context, hash common.Hash) (eth.BlockInfo, types.Transactions, error) {
	block, err := c.at(hash)
	if err != nil {
		return nil, nil, err
	}
	return block.info, block.transactions, nil
}

func (c *l1Chain) GetBlobsByHash(_ context.Context, _ uint64, hashes []common.Hash) ([]*eth.Blob, error) {
	blobs := make([]*eth.Blob, 0, len(hashes))
	for _, hash := range hashes {
		data, ok := c.blobs[hash]
		if !ok {
			return nil, ethereum.NotFound
		}
		blob := new(eth.Blob)
		copy(blob[:], data)
		blobs = append(blobs, blob)
	}
	return blobs, nil
}
