package main

import (
	"crypto/ecdsa"
	"encoding/json"
	"math/big"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/misc/eip1559"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/triedb"
	"github.com/holiman/uint256"

	"github.com/ethereum-optimism/optimism/op-node/rollup"
	"github.com/ethereum-optimism/optimism/op-node/rollup/derive"
	"github.com/ethereum-optimism/optimism/op-service/eth"
)

const (
	l1ChainID   = 900
	l2ChainID   = 901
	l1BlockTime = 4 // seconds
	l2BlockTime = 2

	// The chains begin at a fixed time that is long over: all of them is in the past, so that no program waits for a
	// block's time to come.
	genesisTime = 1_760_000_000

	gasLimit = 60_000_000
)

var (
	portal       = common.HexToAddress("0x55bdfb0bfef1070c457124920546359426153833")
	systemConfig = common.HexToAddress("0x3649f526889a918af0a5498706db29e81bc91e0c")
	batchInbox   = common.HexToAddress("0xff00000000000000000000000000000000000901")

	// Code that emits a log of the calldata: the first four (portal) or three words are its topics, the rest is its data.
	// Whoever calls it writes the very event.
	portalCode       = common.FromHex("60803603806080" + "5f37" + "606035604035602035" + "5f35" + "845fa400")
	systemConfigCode = common.FromHex("60603603806060" + "5f37" + "604035602035" + "5f35" + "835fa300")
)

// key is an account's private key, made of its name.
func key(name string) *ecdsa.PrivateKey {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("kohala-" + name)))
	must(err)
	return key
}

func address(name string) common.Address { return crypto.PubkeyToAddress(key(name).PublicKey) }

var users = []string{"user0", "user1", "user2", "user3", "user4", "depositor"}

func rich() *big.Int { return new(big.Int).Mul(big.NewInt(1_000_000), big.NewInt(1e18)) }

func ptr[T any](value T) *T { return &value }

func l1Genesis() *core.Genesis {
	config := *params.MergedTestChainConfig
	config.ChainID = big.NewInt(l1ChainID)
	config.OsakaTime, config.Ethash = nil, nil
	config.BlobScheduleConfig = &params.BlobScheduleConfig{Cancun: params.DefaultCancunBlobConfig, Prague: params.DefaultPragueBlobConfig}
	zero := new(big.Int)
	alloc := types.GenesisAlloc{
		portal:                           {Code: portalCode, Balance: zero},
		systemConfig:                     {Code: systemConfigCode, Balance: zero},
		params.BeaconRootsAddress:        {Code: params.BeaconRootsCode, Balance: zero, Nonce: 1},
		params.HistoryStorageAddress:     {Code: params.HistoryStorageCode, Balance: zero, Nonce: 1},
		params.WithdrawalQueueAddress:    {Code: params.WithdrawalQueueCode, Balance: zero, Nonce: 1},
		params.ConsolidationQueueAddress: {Code: params.ConsolidationQueueCode, Balance: zero, Nonce: 1},
		address("batcher"):               {Balance: rich()},
		address("l1user"):                {Balance: rich()},
	}
	return &core.Genesis{Config: &config, Timestamp: genesisTime, GasLimit: gasLimit, Difficulty: zero, BaseFee: big.NewInt(1e9),
		ExcessBlobGas: ptr[uint64](0), BlobGasUsed: ptr[uint64](0), Alloc: alloc, ExtraData: []byte("kohala")}
}

// l2Genesis is the genesis that op-program's tests carry, whose predeploys are of Fjord, with the upgrade transactions
// of the later forks run on it.
func l2Genesis(base string) *core.Genesis {
	var g core.Genesis
	text, err := os.ReadFile(base)
	must(err)
	must(json.Unmarshal(text, &g))
	g.Timestamp, g.GasLimit, g.BaseFee = genesisTime, gasLimit, big.NewInt(1_000_000)
	g.ExtraData = eip1559.EncodeJovianExtraData(250, 6, 0)
	c := g.Config
	c.ChainID = big.NewInt(l2ChainID)
	c.BedrockBlock, c.TerminalTotalDifficulty = new(big.Int), new(big.Int)
	c.Optimism = &params.OptimismConfig{EIP1559Elasticity: 6, EIP1559Denominator: 50, EIP1559DenominatorCanyon: ptr[uint64](250)}
	for _, fork := range []**uint64{&c.GraniteTime, &c.HoloceneTime, &c.IsthmusTime, &c.PragueTime, &c.JovianTime} {
		*fork = ptr[uint64](0)
	}
	upgrade(&g)
	for _, user := range users {
		g.Alloc[address(user)] = types.Account{Balance: rich()}
	}
	return &g
}

// upgrade runs the upgrade transactions of Isthmus and Jovian on the genesis state, which replaces it.
func upgrade(g *core.Genesis) {
	isthmus, err := derive.IsthmusNetworkUpgradeTransactions()
	must(err)
	jovian, err := derive.JovianNetworkUpgradeTransactions()
	must(err)
	db := state.NewDatabase(triedb.NewDatabase(rawdb.NewMemoryDatabase(), &triedb.Config{Preimages: true}), nil)
	root := commit(db, types.EmptyRootHash, func(st *state.StateDB) {
		for a, account := range g.Alloc {
			st.CreateAccount(a)
			st.SetBalance(a, uint256.MustFromBig(account.Balance), 0)
			st.SetNonce(a, account.Nonce, 0)
			st.SetCode(a, account.Code, 0)
			for k, v := range account.Storage {
				st.SetState(a, k, v)
			}
		}
	}, false)
	for _, raw := range append(isthmus, jovian...) {
		var tx types.Transaction
		must(tx.UnmarshalBinary(raw))
		root = commit(db, root, func(st *state.StateDB) { runUpgrade(g, &tx, st) }, true)
	}
	st, err := state.New(root, db)
	must(err)
	g.Alloc = types.GenesisAlloc{}
	for _, dumped := range st.RawDump(&state.DumpConfig{}).Accounts {
		balance, _ := new(big.Int).SetString(dumped.Balance, 10)
		account := types.Account{Nonce: dumped.Nonce, Balance: balance, Code: dumped.Code, Storage: map[common.Hash]common.Hash{}}
		for k, v := range dumped.Storage {
			account.Storage[k] = common.HexToHash(v)
		}
		g.Alloc[*dumped.Address] = account
	}
}

// commit opens the state, changes it and gives its new root.
func commit(db state.Database, root common.Hash, change func(*state.StateDB), deleteEmpty bool) common.Hash {
	st, err := state.New(root, db)
	must(err)
	change(st)
	root, err = st.Commit(0, deleteEmpty, false)
	must(err)
	return root
}

func runUpgrade(g *core.Genesis, tx *types.Transaction, st *state.StateDB) {
	from, err := types.Sender(types.LatestSignerForChainID(g.Config.ChainID), tx)
	must(err)
	config := &runtime.Config{ChainConfig: g.Config, Origin: from, GasLimit: tx.Gas(), State: st, BlockNumber: new(big.Int), Time: g.Timestamp,
		Difficulty: new(big.Int), GasPrice: new(big.Int), Value: tx.Value(), BaseFee: new(big.Int), BlobBaseFee: big.NewInt(1), Random: &common.Hash{}}
	if tx.To() == nil {
		_, _, _, err = runtime.Create(tx.Data(), config)
		must(err)
		return
	}
	// A call may fail: some upgrade a proxy that this genesis has not, as on a chain where the upgrade fails.
	nonce := st.GetNonce(from)
	_, _, _ = runtime.Call(*tx.To(), tx.Data(), config)
	st.SetNonce(from, nonce+1, 0)
}

func rollupConfig(l1, l2 *core.Genesis) *rollup.Config {
	config := &rollup.Config{
		Genesis: rollup.Genesis{
			L1: eth.BlockID{Hash: l1.ToBlock().Hash()}, L2: eth.BlockID{Hash: l2.ToBlock().Hash()}, L2Time: l2.Timestamp,
			SystemConfig: eth.SystemConfig{
				BatcherAddr: address("batcher"),
				Scalar:      eth.EncodeScalar(eth.EcotoneScalars{BlobBaseFeeScalar: 810949, BaseFeeScalar: 1368}),
				GasLimit:    l2.GasLimit,
			},
		},
		BlockTime: l2BlockTime, MaxSequencerDrift: 1800, SeqWindowSize: 3600, ChannelTimeoutBedrock: 300,
		L1ChainID: big.NewInt(l1ChainID), L2ChainID: big.NewInt(l2ChainID),
		BatchInboxAddress: batchInbox, DepositContractAddress: portal, L1SystemConfigAddress: systemConfig,
		ChainOpConfig: l2.Config.Optimism,
	}
	for _, fork := range []**uint64{&config.RegolithTime, &config.CanyonTime, &config.DeltaTime, &config.EcotoneTime, &config.FjordTime,
		&config.GraniteTime, &config.HoloceneTime, &config.IsthmusTime, &config.JovianTime} {
		*fork = ptr[uint64](0)
	}
	must(config.Check())
	return config
}
