// Runs op-node's derivation pipeline over cases: one JSON line in, one JSON line out, until the input ends.
//
// What a case is: case.go. What is answered: run.go. With -log, op-node's own log goes to standard error. With -upgrades it
// writes the forks' upgrade transactions instead: upgrades.go.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ethereum/go-ethereum/log"
)

func main() {
	verbose := flag.Bool("log", false, "show op-node's log")
	upgrades := flag.Bool("upgrades", false, "write the forks' upgrade transactions as JSON and end")
	flag.Parse()
	logger := log.NewLogger(log.DiscardHandler())
	if *verbose {
		logger = log.NewLogger(log.NewTerminalHandler(os.Stderr, false))
	}
	work := func() error { return serve(os.Stdin, os.Stdout, logger) }
	if *upgrades {
		work = func() error { return writeUpgrades(os.Stdout) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, logger log.Logger) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	answers := bufio.NewWriterSize(out, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		} else if err != nil && err != io.EOF {
			return err
		}
		var input Case
		if err := json.Unmarshal(line, &input); err != nil {
			return fmt.Errorf("case: %w", err)
		}
		answer, err := run(&input, logger)
		if err != nil {
			return fmt.Errorf("case: %w", err)
		}
		if err := json.NewEncoder(answers).Encode(answer); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}
