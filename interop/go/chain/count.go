package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// counter stands before an endpoint and counts what is asked of it: requests over HTTP, batches among them, and calls,
// which are JSON-RPC methods or paths of a REST API. GET /_counts answers them, GET /_reset also sets them to zero.
type counter struct {
	target *httputil.ReverseProxy
	mu     sync.Mutex
	counts counts
}

type counts struct {
	Requests int            `json:"requests"`
	Batches  int            `json:"batches"`
	Calls    int            `json:"calls"`
	BytesIn  int64          `json:"bytesIn"`
	BytesOut int64          `json:"bytesOut"`
	Methods  map[string]int `json:"methods"`
}

func newCounter(target string) *counter {
	u, err := url.Parse(target)
	must(err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	return &counter{target: proxy, counts: counts{Methods: map[string]int{}}}
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_counts" || r.URL.Path == "/_reset" {
		c.mu.Lock()
		now := c.counts
		now.Methods = maps.Clone(now.Methods)
		if r.URL.Path == "/_reset" {
			c.counts = counts{Methods: map[string]int{}}
		}
		c.mu.Unlock()
		writeResponse(w, now)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.count(r, body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out := &sizeWriter{ResponseWriter: w}
	c.target.ServeHTTP(out, r)
	c.mu.Lock()
	c.counts.BytesOut += out.size
	c.mu.Unlock()
}

// count happens before the answer, so that whoever has an answer sees its request counted.
func (c *counter) count(r *http.Request, body []byte) {
	type call struct {
		Method string `json:"method"`
	}
	var calls []call
	isBatch := len(body) > 0 && body[0] == '['
	switch {
	case isBatch:
		_ = json.Unmarshal(body, &calls)
	case len(body) > 0:
		calls = make([]call, 1)
		_ = json.Unmarshal(body, &calls[0])
	default: // /eth/v1/beacon/blobs/123: without what is asked for, which is the fifth part
		parts := strings.SplitN(r.URL.Path, "/", 6)
		calls = []call{{strings.Join(parts[:min(len(parts), 5)], "/")}}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Requests++
	if isBatch {
		c.counts.Batches++
	}
	c.counts.BytesIn += int64(len(body))
	for _, call := range calls {
		c.counts.Calls++
		c.counts.Methods[call.Method]++
	}
}

type sizeWriter struct {
	http.ResponseWriter
	size int64
}

func (w *sizeWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.size += int64(n)
	return n, err
}
