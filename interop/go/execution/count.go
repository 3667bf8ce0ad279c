package main

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
)

// Coverage says what a block's code came to.
type Coverage struct {
	// How often each opcode began, by its byte.
	Opcodes map[byte]uint64 `json:"opcodes"`
	// How many transactions ended well, were reverted, or halted otherwise.
	Ends [3]uint64 `json:"ends"`
	// How often a call to a precompile's address ended well, and how often it did not.
	Precompiles map[common.Address][2]uint64 `json:"precompiles"`
	// Contracts whose creation began.
	Created []common.Address `json:"created"`
	// The deepest call.
	Depth int `json:"depth"`
}

// counter traces a block while it is executed once more, for what it reads.
type counter struct {
	opcodes     [256]uint64
	precompiles map[common.Address][2]uint64
	created     []common.Address
	depth       int
	ends        [3]uint64
	// What is being called, from the outside in; the system's own calls under its own address.
	calls []common.Address
}

func (c *counter) hooks() *tracing.Hooks {
	return &tracing.Hooks{
		OnOpcode: func(_ uint64, op byte, _, _ uint64, _ tracing.OpContext, _ []byte, _ int, _ error) { c.opcodes[op]++ },
		OnEnter:  c.enter,
		OnExit:   c.exit,
	}
}

func (c *counter) reset() { *c = counter{precompiles: make(map[common.Address][2]uint64)} }

func (c *counter) enter(depth int, kind byte, from, to common.Address, _ []byte, _ uint64, _ *big.Int) {
	switch vm.OpCode(kind) {
	case vm.CREATE, vm.CREATE2:
		c.created = append(c.created, to)
	case vm.STOP:
		// A deposit that fails before anything of it runs is told in this way, and has no exit.
		c.ends[2]++
		return
	}
	c.depth = max(c.depth, depth)
	if from == params.SystemAddress {
		to = from
	}
	c.calls = append(c.calls, to)
}

func (c *counter) exit(depth int, _ []byte, _ uint64, err error, reverted bool) {
	to := c.calls[len(c.calls)-1]
	c.calls = c.calls[:len(c.calls)-1]
	switch {
	case depth > 0 || to == params.SystemAddress:
	case !reverted:
		c.ends[0]++
	case errors.Is(err, vm.ErrExecutionReverted):
		c.ends[1]++
	default:
		c.ends[2]++
	}
	number := new(big.Int).SetBytes(to[:])
	if !number.IsUint64() || number.Sign() == 0 || number.Uint64() > 0x11 && number.Uint64() != 0x100 {
		return
	}
	ends := c.precompiles[to]
	if reverted {
		ends[1]++
	} else {
		ends[0]++
	}
	c.precompiles[to] = ends
}

func (c *counter) coverage() Coverage {
	answer := Coverage{Opcodes: make(map[byte]uint64), Precompiles: c.precompiles, Created: c.created, Depth: c.depth, Ends: c.ends}
	for op, count := range c.opcodes {
		if count > 0 {
			answer.Opcodes[byte(op)] = count
		}
	}
	return answer
}
