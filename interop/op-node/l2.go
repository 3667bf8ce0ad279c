package main

import (
	"context"
	"encoding/binary"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ethereum-optimism/optimism/op-node/rollup"
	"github.com/ethereum-optimism/optimism/op-node/rollup/derive"
	"github.com/ethereum-optimism/optimism/op-service/eth"
)

// l2Chain answers what op-node asks an L2 node. Its blocks are not executed: they have the fields that op-node reads
// back from a block, and a hash that a batcher can know beforehand.
type l2Chain struct {
	config       *rollup.Config
	hashByNumber bool
	// The newest block of each number: a block that takes another's place is the one that counts.
	byNumber map[uint64]*eth.ExecutionPayload
	byHash   map[common.Hash]*eth.ExecutionPayload
}

func newL2Chain(input *Case) *l2Chain {
	chain := &l2Chain{
		config:       &input.Rollup,
		hashByNumber: input.HashByNumber,
		byNumber:     make(map[uint64]*eth.ExecutionPayload),
		byHash:       make(map[common.Hash]*eth.ExecutionPayload),
	}
	genesis := input.Rollup.Genesis
	chain.keep(&eth.ExecutionPayload{
		BlockNumber: eth.Uint64Quantity(genesis.L2.Number),
		BlockHash:   genesis.L2.Hash,
		Timestamp:   eth.Uint64Quantity(genesis.L2Time),
	})
	return chain
}

func (c *l2Chain) keep(payload *eth.ExecutionPayload) {
	c.byNumber[uint64(payload.BlockNumber)] = payload
	c.byHash[payload.BlockHash] = payload
}

// build makes the block of these attributes.
func (c *l2Chain) build(derived *derive.AttributesWithParent) (eth.L2BlockRef, error) {
	attributes := derived.Attributes
	payload := &eth.ExecutionPayload{
		ParentHash:   derived.Parent.Hash,
		BlockNumber:  eth.Uint64Quantity(derived.Parent.Number + 1),
		GasLimit:     *attributes.GasLimit,
		Timestamp:    attributes.Timestamp,
		ExtraData:    c.extraData(attributes),
		Transactions: attributes.Transactions,
	}
	origin, err := derive.PayloadToBlockRef(c.config, payload)
	if err != nil {
		return eth.L2BlockRef{}, err
	}
	payload.BlockHash = c.hash(payload, origin.L1Origin)
	c.keep(payload)
	return derive.PayloadToBlockRef(c.config, payload)
}

// extraData is that of the block's header, as the execution layer writes it.
func (c *l2Chain) extraData(attributes *eth.PayloadAttributes) []byte {
	if !c.config.IsHolocene(uint64(attributes.Timestamp)) {
		return nil
	}
	parameters := *attributes.EIP1559Params
	if parameters == (eth.Bytes8{}) {
		constants := c.config.ChainOpConfig
		binary.BigEndian.PutUint32(parameters[:4], uint32(*constants.EIP1559DenominatorCanyon))
		binary.BigEndian.PutUint32(parameters[4:], uint32(constants.EIP1559Elasticity))
	}
	if !c.config.IsJovian(uint64(attributes.Timestamp)) {
		return append([]byte{0}, parameters[:]...)
	}
	return binary.BigEndian.AppendUint64(append([]byte{1}, parameters[:]...), *attributes.MinBaseFee)
}

// hash covers what a batch says of a block, and no more.
func (c *l2Chain) hash(payload *eth.ExecutionPayload, origin eth.BlockID) common.Hash {
	named := binary.BigEndian.AppendUint64([]byte("L2"), uint64(payload.BlockNumber))
	if c.hashByNumber {
		return crypto.Keccak256Hash(named)
	}
	named = append(named, payload.ParentHash[:]...)
	named = append(named, origin.Hash[:]...)
	for _, transaction := range payload.Transactions {
		if len(transaction) == 0 || transaction[0] != 0x7E {
			named = append(named, crypto.Keccak256(transaction)...)
		}
	}
	return crypto.Keccak256Hash(named)
}

func (c *l2Chain) PayloadByHash(_ context.Context, hash common.Hash) (*eth.ExecutionPayloadEnvelope, error) {
	if payload, ok := c.byHash[hash]; ok {
		return &eth.ExecutionPayloadEnvelope{ExecutionPayload: payload}, nil
	}
	return nil, ethereum.NotFound
}

func (c *l2Chain) PayloadByNumber(_ context.Context, number uint64) (*eth.ExecutionPayloadEnvelope, error) {
	if payload, ok := c.byNumber[number]; ok {
		return &eth.ExecutionPayloadEnvelope{ExecutionPayload: payload}, nil
	}
	return nil, ethereum.NotFound
}

func (c *l2Chain) L2BlockRefByLabel(context.Context, eth.BlockLabel) (eth.L2BlockRef, error) {
	return eth.L2BlockRef{}, ethereum.NotFound
}

func (c *l2Chain) L2BlockRefByHash(ctx context.Context, hash common.Hash) (eth.L2BlockRef, error) {
	envelope, err := c.PayloadByHash(ctx, hash)
	if err != nil {
		return eth.L2BlockRef{}, err
	}
	return derive.PayloadToBlockRef(c.config, envelope.ExecutionPayload)
}

func (c *l2Chain) L2BlockRefByNumber(ctx context.Context, number uint64) (eth.L2BlockRef, error) {
	envelope, err := c.PayloadByNumber(ctx, number)
	if err != nil {
		return eth.L2BlockRef{}, err
	}
	return derive.PayloadToBlockRef(c.config, envelope.ExecutionPayload)
}

func (c *l2Chain) SystemConfigByL2Hash(ctx context.Context, hash common.Hash) (eth.SystemConfig, error) {
	envelope, err := c.PayloadByHash(ctx, hash)
	if err != nil {
		return eth.SystemConfig{}, err
	}
	return derive.PayloadToSystemConfig(c.config, envelope.ExecutionPayload)
}
