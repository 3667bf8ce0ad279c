// Does cases (a JSON value a line on the standard input) on asterisc's fast machine, with proofs, and each step on its slow
// one, which must agree. Prints a line for each case, see recorded.rs.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/ethereum-optimism/asterisc/rvgo/fast"
	"github.com/ethereum-optimism/asterisc/rvgo/slow"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

type testCase struct {
	PC, Heap, Reservation, Offset, Step uint64
	Key, Preimage                       string
	Registers                           [32]uint64
	Memory                              [][2]uint64
	Steps                               int
}

// oracle has one preimage, whatever the key.
type oracle struct{ value []byte }

func (o *oracle) Hint([]byte)                 {}
func (o *oracle) GetPreimage([32]byte) []byte { return o.value }

func (o *oracle) ReadPreimagePart(_ [32]byte, offset uint64) (part [32]byte, size uint8, err error) {
	value := append(binary.BigEndian.AppendUint64(nil, uint64(len(o.value))), o.value...)
	if offset >= uint64(len(value)) {
		return part, 0, fmt.Errorf("behind the end")
	}
	return part, uint8(copy(part[:], value[offset:])), nil
}

func state(c *testCase) *fast.VMState {
	st := fast.NewVMState()
	st.PC, st.Heap, st.LoadReservation, st.PreimageOffset, st.Step = c.PC, c.Heap, c.Reservation, c.Offset, c.Step
	st.PreimageKey = common.HexToHash(c.Key)
	st.Registers = c.Registers
	for _, word := range c.Memory {
		st.Memory.SetUnaligned(word[0], binary.LittleEndian.AppendUint64(nil, word[1]))
	}
	return st
}

// code is the number that an error reverts with.
func code(err error) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "revert "), ":")
	if strings.HasPrefix(number, "revert") {
		return "none"
	}
	return number
}

func line(c *testCase) string {
	st := state(c)
	po := &oracle{common.FromHex(c.Preimage)}
	vm := fast.NewInstrumentedState(st, po, io.Discard, io.Discard)
	var hashes []byte
	for i := 0; i < c.Steps; i++ {
		witness, err := vm.Step(true)
		input, encodeErr := witness.EncodeStepInput(fast.LocalContext{})
		if encodeErr != nil {
			log.Fatal(encodeErr)
		}
		slowHash, slowErr := slow.Step(input, po)
		if (err == nil) != (slowErr == nil) {
			log.Fatalf("fast: %v, slow: %v", err, slowErr)
		}
		if err != nil {
			return fmt.Sprintf("%x revert %s", crypto.Keccak256(hashes)[:8], code(err))
		}
		hash, err := st.EncodeWitness().StateHash()
		if err != nil || hash != slowHash {
			log.Fatalf("fast: %s, slow: %s (%v)", hash, slowHash, err)
		}
		hashes = append(append(hashes, hash[:]...), crypto.Keccak256(witness.MemProof)[:8]...)
	}
	return hex.EncodeToString(crypto.Keccak256(hashes)[:8])
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for in.More() {
		var c testCase
		if err := in.Decode(&c); err != nil {
			log.Fatal(err)
		}
		fmt.Println(line(&c))
	}
}
