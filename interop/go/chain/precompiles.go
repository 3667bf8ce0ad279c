package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/crypto/kzg4844"

	bls "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"

	"github.com/ethereum-optimism/optimism/op-service/eth"
)

// precompileCall is an input of a precompile, accepted or refused by it.
type precompileCall struct {
	address uint64
	input   []byte
}

func word(value *big.Int) []byte   { return common.LeftPadBytes(value.Bytes(), 32) }
func number(value uint64) []byte   { return word(new(big.Int).SetUint64(value)) }
func cat(parts ...[]byte) []byte   { return slices.Concat(parts...) }
func decimal(digits string) []byte { n, _ := new(big.Int).SetString(digits, 10); return word(n) }

func field(e fp.Element) []byte { b := e.Bytes(); return common.LeftPadBytes(b[:], 64) }
func g1(p bls.G1Affine) []byte  { return cat(field(p.X), field(p.Y)) }
func g2(p bls.G2Affine) []byte {
	return cat(field(p.X.A0), field(p.X.A1), field(p.Y.A0), field(p.Y.A1))
}
func hash(text string) []byte   { return crypto.Keccak256([]byte(text)) }
func digest(text string) []byte { d := sha256.Sum256([]byte(text)); return d[:] }

// precompileCalls has every precompile of the L2, and refusals of those that a fault proof program asks its host for.
func precompileCalls() []precompileCall {
	message := hash("message")
	signature, err := crypto.Sign(message, key("user0"))
	must(err)
	r, s, v := signature[:32], signature[32:64], uint64(signature[64])+27
	calls := []precompileCall{
		{1, cat(message, number(v), r, s)},
		{1, cat(message, number(29), r, s)},
		{2, []byte("sha256")},
		{3, []byte("ripemd160")},
		{4, []byte("identity")},
		{5, cat(number(32), number(32), number(32), hash("base"), hash("exponent"), hash("modulus"))},
		{9, cat(common.FromHex("0000000c"), hash("h0"), hash("h1"), hash("m0"), hash("m1"), hash("m2"), hash("m3"), number(3)[16:], []byte{1})},
	}
	return slices.Concat(calls, bn254Calls(), kzgCalls(), blsCalls(), p256Calls())
}

func bn254Calls() []precompileCall {
	prime, _ := new(big.Int).SetString("21888242871839275222246405745257275088696311157297823662689037894645226208583", 10)
	one := cat(number(1), number(2))
	minusOne := cat(number(1), word(prime.Sub(prime, big.NewInt(2))))
	two := cat(
		decimal("11559732032986387107991004021392285783925812861821192530917403151452391805634"),
		decimal("10857046999023057135944570762232829481370756359578518086990519993285655852781"),
		decimal("4082367875863433681332203403145435568316851327593401208105741076214120093531"),
		decimal("8495653923123431417604973247489272438418190587263600148770280649306958101930"))
	return []precompileCall{
		{6, cat(one, one)},
		{7, cat(one, number(123456789))},
		{8, cat(one, two, minusOne, two)},
		{8, cat(one, two, one, two)},
		{8, cat(one, two, []byte{1})},
	}
}

func kzgCalls() []precompileCall {
	var blob kzg4844.Blob
	for i := range blob {
		if i%32 != 0 {
			blob[i] = byte(i * 7)
		}
	}
	commitment, err := kzg4844.BlobToCommitment(&blob)
	must(err)
	z := kzg4844.Point(number(5))
	proof, y, err := kzg4844.ComputeProof(&blob, z)
	must(err)
	hash := eth.KZGToVersionedHash(commitment)
	return []precompileCall{
		{10, cat(hash[:], z[:], y[:], commitment[:], proof[:])},
		{10, cat(hash[:], z[:], z[:], commitment[:], proof[:])},
	}
}

func blsCalls() []precompileCall {
	_, _, one, two := bls.Generators()
	var minusOne bls.G1Affine
	minusOne.Neg(&one)
	var element fp.Element
	element.SetUint64(77)
	return []precompileCall{
		{0x0b, cat(g1(one), g1(one))},
		{0x0c, cat(g1(one), number(7), g1(minusOne), number(5))},
		{0x0d, cat(g2(two), g2(two))},
		{0x0e, cat(g2(two), number(11))},
		{0x0f, cat(g1(one), g2(two), g1(minusOne), g2(two))},
		{0x10, field(element)},
		{0x11, cat(field(element), field(element))},
	}
}

func p256Calls() []precompileCall {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	d := digest("p256")
	r, s, err := ecdsa.Sign(rand.Reader, key, d)
	must(err)
	return []precompileCall{
		{0x100, cat(d, word(r), word(s), word(key.X), word(key.Y))},
		{0x100, cat(d, word(s), word(r), word(key.X), word(key.Y))},
	}
}
