// lockstep is cannon's VM as a program that answers request after request: one JSON object on a line of its input, one on a
// line of its output. What a request leaves out is not done.
//
// The VM is made anew for each state that is loaded, and not otherwise: the parts of a proof that a step does not use are what
// an earlier step left there. Code is to lie above the first page, whose instructions cannon decodes once and for all.
package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/log"

	"github.com/ethereum-optimism/optimism/cannon/mipsevm"
	"github.com/ethereum-optimism/optimism/cannon/mipsevm/arch"
	"github.com/ethereum-optimism/optimism/cannon/mipsevm/multithreaded"
	"github.com/ethereum-optimism/optimism/cannon/mipsevm/program"
	"github.com/ethereum-optimism/optimism/cannon/mipsevm/versions"
	"github.com/ethereum-optimism/optimism/op-service/serialize"
)

type request struct {
	ELF       string                        `json:"elf"`       // a program to load, with the stack that cannon gives it
	File      string                        `json:"file"`      // or a state's file
	State     hexutil.Bytes                 `json:"state"`     // or a state itself, not compressed
	Preimages map[common.Hash]hexutil.Bytes `json:"preimages"` // the oracle's from now on
	Steps     uint64                        `json:"steps"`     // how many are made, the state hash after each being told
	Silent    uint64                        `json:"silent"`    // how many are made after those, of which nothing is told
	Prove     bool                          `json:"prove"`     // each step but the silent ones
	Write     string                        `json:"write"`     // the file that the state is written to in the end
	Want      bool                          `json:"want"`      // the state itself in the end, not compressed
}

type proof struct {
	State  hexutil.Bytes `json:"state"`
	Proof  hexutil.Bytes `json:"proof"`
	Key    hexutil.Bytes `json:"key"` // empty where the step reads no preimage, and so are the next two
	Value  hexutil.Bytes `json:"value"`
	Offset uint64        `json:"offset"`
}

type answer struct {
	Hash     common.Hash     `json:"hash"` // at the end
	Step     uint64          `json:"step"`
	Exited   bool            `json:"exited"`
	ExitCode uint8           `json:"exitCode"`
	Hashes   []common.Hash   `json:"hashes"`
	Proofs   []proof         `json:"proofs"`
	Hints    []hexutil.Bytes `json:"hints"`
	Output   hexutil.Bytes   `json:"output"` // what the program wrote to its standard output
	Errors   hexutil.Bytes   `json:"errors"` // and to its standard error
	State    hexutil.Bytes   `json:"state"`
	Panic    string          `json:"panic"` // why the VM can't go on; the rest is as before the step that it can't make
}

// The one state with its VM, and all that this talks to.
type judge struct {
	state       *versions.VersionedState
	vm          mipsevm.FPVM
	preimages   map[common.Hash]hexutil.Bytes
	hints       []hexutil.Bytes
	out, errors bytes.Buffer
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lockstep:", err)
		os.Exit(1)
	}
}

func (j *judge) Hint(v []byte) { j.hints = append(j.hints, bytes.Clone(v)) }

func (j *judge) GetPreimage(key [32]byte) []byte {
	value, ok := j.preimages[key]
	if !ok {
		panic(fmt.Sprintf("no preimage of %x", key))
	}
	return value
}

func (j *judge) load(r *request) {
	var err error
	switch {
	case r.ELF != "":
		file, err := elf.Open(r.ELF)
		must(err)
		defer file.Close()
		state, err := program.LoadELF(file, multithreaded.CreateInitialState)
		must(err)
		must(program.PatchStack(state))
		j.state, err = versions.NewFromState(versions.GetCurrentVersion(), state)
		must(err)
	case r.File != "":
		j.state, err = versions.LoadStateFromFile(r.File)
		must(err)
	case len(r.State) > 0:
		j.state = &versions.VersionedState{}
		must(j.state.Deserialize(bytes.NewReader(r.State)))
	default:
		return
	}
	j.vm = j.state.CreateVM(log.NewLogger(log.DiscardHandler()), j, &j.out, &j.errors, &program.Metadata{})
}

// step makes one, and says why it can't be made.
func step(vm mipsevm.FPVM, prove bool) (witness *mipsevm.StepWitness, problem string) {
	defer func() {
		if r := recover(); r != nil {
			problem = fmt.Sprint(r)
		}
	}()
	witness, err := vm.Step(prove)
	if err != nil {
		problem = err.Error()
	}
	return
}

func (j *judge) answer(r *request) (a answer) {
	if r.Preimages != nil {
		j.preimages = r.Preimages
	}
	j.load(r)
	for i := uint64(0); i < r.Steps+r.Silent && a.Panic == ""; i++ {
		told := i < r.Steps
		witness, problem := step(j.vm, told && r.Prove)
		a.Panic = problem
		if !told || problem != "" {
			continue
		}
		_, hash := j.state.EncodeWitness()
		a.Hashes = append(a.Hashes, hash)
		if !r.Prove {
			continue
		}
		p := proof{State: witness.State, Proof: witness.ProofData}
		if witness.HasPreimage() {
			p.Key, p.Value, p.Offset = witness.PreimageKey[:], witness.PreimageValue, arch.Word(witness.PreimageOffset)
		}
		a.Proofs = append(a.Proofs, p)
	}
	if a.Panic == "" {
		_, a.Hash = j.state.EncodeWitness()
	}
	a.Step, a.Exited, a.ExitCode = j.state.GetStep(), j.state.GetExited(), j.state.GetExitCode()
	a.Hints, a.Output, a.Errors = j.hints, bytes.Clone(j.out.Bytes()), bytes.Clone(j.errors.Bytes())
	j.hints = nil
	j.out.Reset()
	j.errors.Reset()
	if r.Write != "" {
		must(serialize.Write(r.Write, j.state, 0o644))
	}
	if r.Want {
		var state bytes.Buffer
		must(j.state.Serialize(&state))
		a.State = state.Bytes()
	}
	return
}

func main() {
	requests := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	answers := bufio.NewWriterSize(os.Stdout, 1<<20)
	var j judge
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return
		} else {
			must(err)
		}
		must(json.NewEncoder(answers).Encode(j.answer(&r)))
		must(answers.Flush())
	}
}
