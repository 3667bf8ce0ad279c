package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/log"

	altda "github.com/ethereum-optimism/optimism/op-alt-da"
	"github.com/ethereum-optimism/optimism/op-node/rollup/derive"
	"github.com/ethereum-optimism/optimism/op-service/eth"
)

// Answer is what op-node makes of a case.
type Answer struct {
	Derived []Derived `json:"derived"`
	// How it ended: "end" (L1 is used up), "reset" or "critical".
	End string `json:"end"`
	// What op-node said then.
	Error string `json:"error"`
	// The L1 block that was being read.
	Origin uint64 `json:"origin"`
	// The last safe L2 block, and the last one that was built.
	Safe    uint64 `json:"safe"`
	Pending uint64 `json:"pending"`
	// The last safe L2 block once op-node has begun anew after a reset. L1 stays the same, so it gets no further.
	SafeAfterReset uint64 `json:"safe_after_reset"`
}

// Derived is a set of attributes.
type Derived struct {
	Parent       uint64          `json:"parent"`
	ParentHash   common.Hash     `json:"parent_hash"`
	Timestamp    uint64          `json:"timestamp"`
	PrevRandao   common.Hash     `json:"prev_randao"`
	FeeRecipient common.Address  `json:"fee_recipient"`
	GasLimit     uint64          `json:"gas_limit"`
	NoTxPool     bool            `json:"no_tx_pool"`
	Withdrawals  *int            `json:"withdrawals"`
	BeaconRoot   *common.Hash    `json:"beacon_root"`
	Eip1559      *eth.Bytes8     `json:"eip1559"`
	MinBaseFee   *uint64         `json:"min_base_fee"`
	Transactions []hexutil.Bytes `json:"transactions"`
	// The L1 block up to which L1 was read for them.
	DerivedFrom uint64 `json:"derived_from"`
	// The block was refused.
	Refused bool `json:"refused"`
	// The safe head after the block was built, or was not.
	Safe uint64 `json:"safe"`
}

// runner is op-node's driver, as far as derivation sees it.
type runner struct {
	input    *Case
	l2       *l2Chain
	pipeline *derive.DerivationPipeline
	safe     eth.L2BlockRef
	pending  eth.L2BlockRef
	answer   Answer
}

// errEnd says that derivation has ended as the answer tells.
var errEnd = errors.New("end")

// maxSteps is far more than any case takes.
const maxSteps = 10_000_000

func run(input *Case, logger log.Logger) (*Answer, error) {
	l1, err := newL1Chain(input)
	if err != nil {
		return nil, err
	}
	l2 := newL2Chain(input)
	genesis, err := l2.L2BlockRefByHash(context.Background(), input.Rollup.Genesis.L2.Hash)
	if err != nil {
		return nil, err
	}
	r := &runner{
		input: input,
		l2:    l2,
		pipeline: derive.NewDerivationPipeline(
			logger, &input.Rollup, nil, l1, l1, altda.Disabled, l2, noMetrics{}, input.L1Config),
		safe:    genesis,
		pending: genesis,
		answer:  Answer{Derived: []Derived{}},
	}
	r.restart()
	if err := r.toEnd(); err != nil {
		return nil, err
	}
	answer := r.answer
	if answer.End == "reset" {
		r.restart()
		if err := r.toEnd(); err != nil {
			return nil, err
		}
	}
	answer.SafeAfterReset = r.safe.Number
	return &answer, nil
}

// toEnd steps until there is an end.
func (r *runner) toEnd() error {
	for range maxSteps {
		err := r.step()
		if err == errEnd {
			r.answer.Origin = r.pipeline.Origin().Number
			r.answer.Safe, r.answer.Pending = r.safe.Number, r.pending.Number
			return nil
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("no end after %d steps", maxSteps)
}

func (r *runner) restart() {
	r.pending = r.safe
	r.pipeline.Reset()
	r.pipeline.ConfirmEngineReset()
}

// step is what PipelineDeriver does with a PipelineStepEvent.
func (r *runner) step() error {
	attributes, err := r.pipeline.Step(context.Background(), r.pending)
	switch {
	case err == nil && attributes == nil, errors.Is(err, derive.NotEnoughData):
		return nil
	case err == nil:
		return r.process(attributes)
	case err == io.EOF:
		r.answer.End = "end"
	case errors.Is(err, derive.ErrReset):
		r.answer.End, r.answer.Error = "reset", err.Error()
	case errors.Is(err, derive.ErrCritical):
		r.answer.End, r.answer.Error = "critical", err.Error()
	default:
		// op-node would try this again for ever.
		return fmt.Errorf("unexpected: %w", err)
	}
	return errEnd
}

// process is what EngineController makes of attributes, onBuildInvalid above all.
func (r *runner) process(attributes *derive.AttributesWithParent) error {
	number := attributes.Parent.Number + 1
	if !r.isRefused(number) {
		block, err := r.l2.build(attributes)
		if err != nil {
			return err
		}
		r.pending = block
		if attributes.Concluding {
			r.safe = block
		}
		r.note(attributes, false)
		if i := slices.Index(r.input.Restarts, number); i >= 0 && r.safe == block {
			r.input.Restarts = slices.Delete(r.input.Restarts, i, i+1)
			r.restart()
		}
		return nil
	}
	switch {
	case attributes.Attributes.IsDepositsOnly():
		r.note(attributes, true)
		r.answer.End, r.answer.Error = "critical", "failed to process block with only deposit transactions"
		return errEnd
	case r.input.Rollup.IsHolocene(attributes.DerivedFrom.Time):
		r.note(attributes, true)
		replacement, err := r.pipeline.DepositsOnlyAttributes(attributes.Parent.ID(), attributes.DerivedFrom)
		if err != nil {
			return err
		}
		return r.process(replacement)
	default:
		r.pending = r.safe
		r.note(attributes, true)
		return nil
	}
}

func (r *runner) isRefused(number uint64) bool {
	i := slices.Index(r.input.Refused, number)
	if i >= 0 {
		r.input.Refused = slices.Delete(r.input.Refused, i, i+1)
	}
	return i >= 0
}

func (r *runner) note(derived *derive.AttributesWithParent, refused bool) {
	attributes := derived.Attributes
	noted := Derived{
		Parent:       derived.Parent.Number,
		ParentHash:   derived.Parent.Hash,
		Timestamp:    uint64(attributes.Timestamp),
		PrevRandao:   common.Hash(attributes.PrevRandao),
		FeeRecipient: attributes.SuggestedFeeRecipient,
		GasLimit:     uint64(*attributes.GasLimit),
		NoTxPool:     attributes.NoTxPool,
		BeaconRoot:   attributes.ParentBeaconBlockRoot,
		Eip1559:      attributes.EIP1559Params,
		MinBaseFee:   attributes.MinBaseFee,
		DerivedFrom:  derived.DerivedFrom.Number,
		Refused:      refused,
		Safe:         r.safe.Number,
	}
	if attributes.Withdrawals != nil {
		count := len(*attributes.Withdrawals)
		noted.Withdrawals = &count
	}
	for _, transaction := range attributes.Transactions {
		noted.Transactions = append(noted.Transactions, hexutil.Bytes(transaction))
	}
	r.answer.Derived = append(r.answer.Derived, noted)
}

// noMetrics counts nothing.
type noMetrics struct{}

func (noMetrics) RecordL1Ref(string, eth.L1BlockRef) {}
func (noMetrics) RecordL2Ref(string, eth.L2BlockRef) {}
func (noMetrics) RecordChannelInputBytes(int)        {}
func (noMetrics) RecordHeadChannelOpened()           {}
func (noMetrics) RecordChannelTimedOut()             {}
func (noMetrics) RecordFrame()                       {}
func (noMetrics) RecordDerivedBatches(string)        {}
func (noMetrics) SetDerivationIdle(bool)             {}
func (noMetrics) RecordPipelineReset()               {}
