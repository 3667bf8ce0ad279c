package main

import (
	_ "embed"
	"encoding/json"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/txpool"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/holiman/uint256"

	"github.com/ethereum-optimism/optimism/op-node/rollup/derive"
)

// What solc 0.8.30 makes of Sink.sol.
//
//go:embed sink.json
var sinkJSON []byte

const perL2Block = 13

var messagePasser = common.HexToAddress("0x4200000000000000000000000000000000000016")

// traffic makes the transactions of both chains: which ones depends on how many came before and on nothing else.
type traffic struct {
	l1, l2   *txpool.TxPool
	abi      abi.ABI
	bytecode []byte
	calls    []precompileCall
	sinks    []common.Address
	onL1     int
	onL2     int
}

func newTraffic(l1, l2 *txpool.TxPool) *traffic {
	var sink struct {
		Abi      json.RawMessage `json:"abi"`
		Bytecode hexutil.Bytes   `json:"bytecode"`
	}
	must(json.Unmarshal(sinkJSON, &sink))
	parsed, err := abi.JSON(strings.NewReader(string(sink.Abi)))
	must(err)
	t := &traffic{l1: l1, l2: l2, abi: parsed, bytecode: sink.Bytecode, calls: precompileCalls()}
	t.deploy("user0")
	return t
}

func (t *traffic) pack(method string, arguments ...any) []byte {
	data, err := t.abi.Pack(method, arguments...)
	must(err)
	return data
}

func (t *traffic) precompile(i int) []byte {
	call := t.calls[i%len(t.calls)]
	return t.pack("pre", common.BigToAddress(new(big.Int).SetUint64(call.address)), call.input)
}

func (t *traffic) sink(i int) *common.Address { return &t.sinks[i%len(t.sinks)] }

func (t *traffic) deploy(user string) {
	t.sinks = append(t.sinks, crypto.CreateAddress(address(user), t.l2.PoolNonce(address(user))))
	t.sendL2(user, nil, 5, 3_000_000, t.bytecode)
}

// add signs a transaction and puts it into a pool; what a pool refuses is left out.
func add(pool *txpool.TxPool, chainID int64, user string, data types.TxData) {
	tx, err := types.SignNewTx(key(user), types.LatestSignerForChainID(big.NewInt(chainID)), data)
	must(err)
	if err := pool.Add([]*types.Transaction{tx}, true)[0]; err != nil {
		log.Warn("Transaction refused", "chain", chainID, "user", user, "err", err)
	}
}

// sendL2 takes the three oldest transaction types in turn.
func (t *traffic) sendL2(user string, to *common.Address, value int64, gas uint64, data []byte) {
	id, nonce, price := big.NewInt(l2ChainID), t.l2.PoolNonce(address(user)), big.NewInt(10e9)
	switch nonce % 3 {
	case 0:
		add(t.l2, l2ChainID, user, &types.DynamicFeeTx{ChainID: id, Nonce: nonce, To: to, Value: big.NewInt(value), Gas: gas,
			GasTipCap: big.NewInt(1e6), GasFeeCap: big.NewInt(50e9), Data: data})
	case 1:
		add(t.l2, l2ChainID, user, &types.LegacyTx{Nonce: nonce, To: to, Value: big.NewInt(value), Gas: gas, GasPrice: price, Data: data})
	default:
		list := types.AccessList{{Address: address("user0"), StorageKeys: []common.Hash{{1}, {2}}}}
		add(t.l2, l2ChainID, user, &types.AccessListTx{ChainID: id, Nonce: nonce, To: to, Value: big.NewInt(value), Gas: gas + 10_000,
			GasPrice: price, Data: data, AccessList: list})
	}
}

// delegate lets an account's code be a sink's (EIP-7702) and calls it.
func (t *traffic) delegate(user string) {
	authority := address("delegate")
	authorization, err := types.SignSetCode(key("delegate"), types.SetCodeAuthorization{ChainID: *uint256.NewInt(l2ChainID),
		Address: t.sinks[0], Nonce: t.l2.PoolNonce(authority)})
	must(err)
	add(t.l2, l2ChainID, user, &types.SetCodeTx{ChainID: uint256.NewInt(l2ChainID), Nonce: t.l2.PoolNonce(address(user)), To: authority,
		Gas: 500_000, GasTipCap: uint256.NewInt(1e6), GasFeeCap: uint256.NewInt(50e9),
		Data: t.pack("write", big.NewInt(1), big.NewInt(3)), AuthList: []types.SetCodeAuthorization{authorization}})
}

// beforeL2Block puts a block's worth of transactions into the L2 pool.
func (t *traffic) beforeL2Block() {
	for range perL2Block {
		t.l2Transaction(t.onL2)
		t.onL2++
	}
}

func (t *traffic) l2Transaction(i int) {
	user, round := users[i%5], i/16
	slot := big.NewInt(int64(round * 10))
	call := func(value int64, gas uint64, method string, arguments ...any) {
		t.sendL2(user, t.sink(i), value, gas, t.pack(method, arguments...))
	}
	switch i % 16 {
	case 0:
		t.sendL2(user, ptr(common.BytesToAddress(crypto.Keccak256(number(uint64(i))))), int64(i+1), 100_000, nil)
	case 1, 9:
		call(0, 2_000_000, "write", slot, big.NewInt(20))
	case 2:
		call(0, 2_000_000, "clear", slot, big.NewInt(25))
	case 3, 5, 7, 11, 13:
		t.sendL2(user, t.sink(i), 0, 1_500_000, t.precompile(round*5+map[int]int{3: 0, 5: 1, 7: 2, 11: 3, 13: 4}[i%16]))
	case 4:
		call(0, 500_000, "ctx")
	case 6:
		call(3, 1_000_000, "mk", [32]byte(crypto.Keccak256(number(uint64(i)))), round%2 == 0)
	case 8:
		t.sendL2(user, ptr(address(users[(i+1)%5])), 12345, 50_000, nil)
	case 10:
		switch round % 4 {
		case 0:
			call(0, 300_000, "killChild")
		case 1:
			call(0, 100_000, "fail", big.NewInt(9))
		case 2:
			call(0, 200_000, "oog")
		default:
			call(0, 3_000_000, "burn", big.NewInt(5000))
		}
	case 12:
		t.sendL2(user, &messagePasser, 7, 300_000, cat(hash("initiateWithdrawal(address,uint256,bytes)")[:4],
			common.LeftPadBytes(address(user).Bytes(), 32), number(100_000), number(96), number(3), common.RightPadBytes([]byte("abc"), 32)))
	case 14:
		if round%3 == 0 && len(t.sinks) < 12 {
			t.deploy(user)
		} else {
			call(0, 500_000, "codeOf", *t.sink(i + 1))
		}
	case 15:
		if round%2 == 0 {
			call(0, 1_500_000, "pushPop", big.NewInt(12))
		} else {
			t.delegate(user)
		}
	}
}

func (t *traffic) sendL1(to common.Address, data []byte) {
	add(t.l1, l1ChainID, "l1user", &types.DynamicFeeTx{ChainID: big.NewInt(l1ChainID), Nonce: t.l1.PoolNonce(address("l1user")), To: &to, Gas: 300_000,
		GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(100e9), Data: data})
}

func (t *traffic) deposit(to *common.Address, mint, value int64, gas uint64, data []byte) {
	l, err := derive.MarshalDepositLogEvent(portal, &types.DepositTx{From: address("depositor"), To: to, Mint: big.NewInt(mint),
		Value: big.NewInt(value), Gas: gas, Data: data})
	must(err)
	t.sendL1(portal, cat(l.Topics[0][:], l.Topics[1][:], l.Topics[2][:], l.Topics[3][:], l.Data))
}

func (t *traffic) updateConfig(kind uint64, payload []byte) {
	t.sendL1(systemConfig, cat(derive.ConfigUpdateEventABIHash[:], number(0), number(kind), number(32), number(uint64(len(payload))), payload))
}

// beforeL1Block puts a deposit or an update of the system config into the L1 pool: all kinds in turn, with new values.
func (t *traffic) beforeL1Block() {
	i := t.onL1
	t.onL1++
	n := uint64(i)
	switch i % 12 {
	case 0:
		t.deposit(t.sink(i), 0, 0, 1_000_000, t.precompile(9))
	case 1:
		t.deposit(ptr(address("depositor")), 1e18, 0, 100_000, nil)
	case 2:
		t.deposit(nil, 1e15, 5, 3_000_000, t.bytecode)
	case 3:
		t.deposit(t.sink(i), 0, 9, 1_000_000, t.pack("write", big.NewInt(int64(5000+i)), big.NewInt(4)))
	case 4: // both fail: by a revert, and for want of funds
		t.deposit(t.sink(i), 1e15, 0, 100_000, t.pack("fail", big.NewInt(1)))
		t.deposit(t.sink(i), 0, 9e18, 100_000, nil)
	case 5: // scalars
		scalars := make([]byte, 32)
		copy(scalars[24:], []byte{0, 0x0c, 0x5f, 0xc5, 0, 0, 5, byte(i)})
		scalars[0] = 1
		t.updateConfig(1, cat(number(0), scalars))
	case 6: // gas limit
		t.updateConfig(2, number(gasLimit+n*1000))
	case 7: // EIP-1559 denominator and elasticity
		t.updateConfig(4, number((200+n)<<32|5))
	case 8: // operator fee: scalar and constant
		fee := make([]byte, 32)
		fee[23], fee[31] = 100, byte(i)
		t.updateConfig(5, fee)
	case 9: // unsafe block signer
		t.updateConfig(3, number(0x1234))
	case 10: // minimum base fee
		t.updateConfig(6, number(1000+n))
	case 11: // DA footprint gas scalar
		t.updateConfig(7, number(400+n))
	}
}
