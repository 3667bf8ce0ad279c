// Builds and executes blocks as op-geth does: one JSON line in, one JSON line out, until the input ends.
//
// What can be asked is in Request below. How a block comes to be: chain.go. What it reached: count.go. With -log, op-geth's
// own log goes to standard error.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ethereum/go-ethereum/beacon/engine"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/log"
)

// Request is one of these.
type Request struct {
	// Begins a chain; the one before it is forgotten. Answered with its first block, which has no receipts.
	Genesis *core.Genesis `json:"genesis"`
	// Builds a block on the head, which it becomes unless it is refused.
	Attributes *engine.PayloadAttributes `json:"attributes"`
	// Asks for accounts as they are at the head.
	Accounts []common.Address `json:"accounts"`
	// Asks for a trie node, a code or a header.
	Preimage *common.Hash `json:"preimage"`
}

func main() {
	verbose := flag.Bool("log", false, "show op-geth's log")
	flag.Parse()
	log.SetDefault(log.NewLogger(log.DiscardHandler()))
	if *verbose {
		log.SetDefault(log.NewLogger(log.NewTerminalHandler(os.Stderr, false)))
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	answers := bufio.NewWriterSize(out, 1<<20)
	var current *chain
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		} else if err != nil && err != io.EOF {
			return err
		}
		var request Request
		if err := json.Unmarshal(line, &request); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		var answer any
		switch {
		case request.Genesis != nil:
			if current != nil {
				current.Stop()
			}
			current, err = newChain(request.Genesis)
			if err == nil {
				answer, err = current.genesis()
			}
		case current == nil:
			err = errors.New("no chain yet")
		case request.Attributes != nil:
			answer, err = current.build(request.Attributes)
		case request.Preimage != nil:
			answer = current.preimage(*request.Preimage)
		default:
			answer, err = current.accounts(request.Accounts)
		}
		if err != nil {
			return err
		}
		if err := json.NewEncoder(answers).Encode(answer); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}
