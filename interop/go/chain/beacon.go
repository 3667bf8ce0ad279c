package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/beacon/engine"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto/kzg4844"

	"github.com/ethereum-optimism/optimism/op-service/eth"
)

// beacon is what of the beacon API derivation needs: the two ways to read blobs, genesis and configuration.
// The blobs of a slot are one JSON file in its folder.
type beacon struct {
	dir         string
	genesisTime uint64
}

type sidecar struct {
	Index      string        `json:"index"`
	Blob       hexutil.Bytes `json:"blob"`
	Commitment hexutil.Bytes `json:"kzg_commitment"`
	Proof      hexutil.Bytes `json:"kzg_proof"`
	Header     any           `json:"signed_block_header"`
	Inclusion  []common.Hash `json:"kzg_commitment_inclusion_proof"`
}

func (b *beacon) slot(time uint64) uint64 { return (time - b.genesisTime) / l1BlockTime }

func (b *beacon) file(slot uint64) string { return filepath.Join(b.dir, fmt.Sprint(slot)+".json") }

// store keeps the blobs of the L1 block with this time.
func (b *beacon) store(time uint64, bundle *engine.BlobsBundle) error {
	slot := b.slot(time)
	header := map[string]any{"message": map[string]any{"slot": fmt.Sprint(slot), "proposer_index": "0", "parent_root": common.Hash{},
		"state_root": common.Hash{}, "body_root": common.Hash{}}, "signature": hexutil.Bytes(make([]byte, 96))}
	var sidecars []sidecar
	for i, blob := range bundle.Blobs {
		sidecars = append(sidecars, sidecar{fmt.Sprint(i), blob, bundle.Commitments[i], bundle.Proofs[i], header, make([]common.Hash, 17)})
	}
	text, err := json.Marshal(sidecars)
	if err != nil {
		return err
	}
	return os.WriteFile(b.file(slot), text, 0o644)
}

// load gives the blobs of a slot; of a slot without blobs, none.
func (b *beacon) load(slot uint64) ([]sidecar, error) {
	text, err := os.ReadFile(b.file(slot))
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var sidecars []sidecar
	return sidecars, json.Unmarshal(text, &sidecars)
}

// wanted serves those of a slot's blobs that the query's parameter names, or all if it names none.
func (b *beacon) wanted(parameter string, name func(sidecar) string, answer func([]sidecar) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slot, err := strconv.ParseUint(r.PathValue("slot"), 10, 64)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sidecars, err := b.load(slot)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var names []string
		for _, value := range r.URL.Query()[parameter] {
			names = append(names, strings.Split(strings.ToLower(value), ",")...)
		}
		sidecars = slices.DeleteFunc(sidecars, func(s sidecar) bool { return len(names) > 0 && !slices.Contains(names, name(s)) })
		writeResponse(w, map[string]any{"version": "electra", "execution_optimistic": false, "finalized": true, "data": answer(sidecars)})
	}
}

func (b *beacon) handler() http.Handler {
	fixed := func(data any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { writeResponse(w, map[string]any{"data": data}) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /eth/v1/node/version", fixed(map[string]any{"version": "kohala-interop"}))
	mux.HandleFunc("GET /eth/v1/beacon/genesis", fixed(map[string]any{"genesis_time": fmt.Sprint(b.genesisTime),
		"genesis_validators_root": common.Hash{0x42}, "genesis_fork_version": "0x00000000"}))
	mux.HandleFunc("GET /eth/v1/config/spec", fixed(map[string]any{"SECONDS_PER_SLOT": fmt.Sprint(l1BlockTime), "SLOTS_PER_EPOCH": "32"}))
	mux.HandleFunc("GET /eth/v1/beacon/blob_sidecars/{slot}", b.wanted("indices",
		func(s sidecar) string { return s.Index },
		func(s []sidecar) any { return append([]sidecar{}, s...) }))
	mux.HandleFunc("GET /eth/v1/beacon/blobs/{slot}", b.wanted("versioned_hashes",
		func(s sidecar) string { return eth.KZGToVersionedHash(kzg4844.Commitment(s.Commitment)).Hex() },
		func(s []sidecar) any {
			blobs := []hexutil.Bytes{}
			for _, s := range s {
				blobs = append(blobs, s.Blob)
			}
			return blobs
		}))
	return mux
}

func writeResponse(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
