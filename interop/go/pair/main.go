// pair runs one program, or a preimage oracle's server and its client joined as a fault proof VM joins them, and says
// what they took: one JSON object on its output.
//
//	pair -log DIR [-timeout D] PROGRAM ARGUMENT...
//	pair -log DIR [-timeout D] SERVER ARGUMENT... -- CLIENT ARGUMENT...
//
// File descriptors of either side: 3 and 4 read and write hints, 5 and 6 preimages. It is a program of its own since the
// kernel counts the memory of whoever starts a process into that process's peak: this one is small.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// What a program took and how it ended.
type report struct {
	ExitCode  int     `json:"exitCode"` // -1: ended by a signal, which is how a time-out ends it
	UserCPU   float64 `json:"userCpu"`  // seconds
	SystemCPU float64 `json:"systemCpu"`
	Wall      float64 `json:"wall"`
	PeakKiB   int64   `json:"peakKib"`
}

type process struct {
	cmd     *exec.Cmd
	started time.Time
	done    chan error
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pair:", err)
		os.Exit(3)
	}
}

// The signal of a parent's death is tied to the thread that started the child: the main thread lives as long as we do.
func init() { runtime.LockOSThread() }

func start(log string, arguments []string, fds []*os.File) *process {
	out, err := os.Create(log)
	must(err)
	defer out.Close()
	cmd := exec.Command(arguments[0], arguments[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, fds
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{cmd, time.Now(), make(chan error, 1)}
	must(cmd.Start())
	for _, fd := range fds {
		fd.Close() // the end of the other side is seen only if nobody else holds it
	}
	go func() { p.done <- cmd.Wait() }()
	return p
}

// wait ends the process when the time is over.
func (p *process) wait(over <-chan time.Time) *report {
	var err error
	select {
	case err = <-p.done:
	case <-over:
		_ = p.cmd.Process.Kill()
		err = <-p.done
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		must(err)
	}
	state := p.cmd.ProcessState
	return &report{state.ExitCode(), state.UserTime().Seconds(), state.SystemTime().Seconds(),
		time.Since(p.started).Seconds(), state.SysUsage().(*syscall.Rusage).Maxrss}
}

// channel is both directions between two processes: each side's end to read from and to write to.
func channel() (server, client []*os.File) {
	requests, request, err := os.Pipe()
	must(err)
	answers, answer, err := os.Pipe()
	must(err)
	return []*os.File{requests, answer}, []*os.File{answers, request}
}

func main() {
	logs := flag.String("log", ".", "folder of the programs' output")
	timeout := flag.Duration("timeout", 5*time.Minute, "programs that take longer are killed")
	flag.Parse()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { <-signals; os.Exit(3) }()
	go func() { // our input ends when whoever started us does
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(3)
	}()

	reports := map[string]*report{}
	over := time.After(*timeout)
	arguments := flag.Args()
	if at := slices.Index(arguments, "--"); at < 0 {
		reports["program"] = start(filepath.Join(*logs, "program.log"), arguments, nil).wait(over)
	} else {
		serverHints, clientHints := channel()
		serverPreimages, clientPreimages := channel()
		server := start(filepath.Join(*logs, "server.log"), arguments[:at], append(serverHints, serverPreimages...))
		client := start(filepath.Join(*logs, "program.log"), arguments[at+1:], append(clientHints, clientPreimages...))
		reports["program"] = client.wait(over)
		reports["server"] = server.wait(time.After(time.Minute)) // it ends by itself when its client has, once all is written
	}
	must(json.NewEncoder(os.Stdout).Encode(reports))
}
