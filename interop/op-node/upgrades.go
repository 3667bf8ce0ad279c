package main

import (
	"encoding/json"
	"io"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/ethereum-optimism/optimism/op-core/forks"
	"github.com/ethereum-optimism/optimism/op-node/rollup/derive"
)

// writeUpgrades writes the transactions of each fork's activation block as JSON: fork, then encoded deposits in order.
func writeUpgrades(out io.Writer) error {
	transactions := map[forks.Name][]hexutil.Bytes{}
	for fork, upgrades := range map[forks.Name]func() ([]hexutil.Bytes, error){
		forks.Ecotone: derive.EcotoneNetworkUpgradeTransactions,
		forks.Fjord:   derive.FjordNetworkUpgradeTransactions,
		forks.Isthmus: derive.IsthmusNetworkUpgradeTransactions,
		forks.Jovian:  derive.JovianNetworkUpgradeTransactions,
		forks.Karst: func() ([]hexutil.Bytes, error) {
			transactions, _, err := derive.UpgradeTransactions(forks.Karst)
			return transactions, err
		},
	} {
		var err error
		if transactions[fork], err = upgrades(); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(transactions)
}
