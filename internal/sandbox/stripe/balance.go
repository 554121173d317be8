package stripe

import "slices"

// balance is the account's money by currency.
type balance struct {
	Object    string          `json:"object"`
	Available []balanceAmount `json:"available"`
	Livemode  bool            `json:"livemode"`
	Pending   []balanceAmount `json:"pending"`
}

type balanceAmount struct {
	Amount      int64            `json:"amount"`
	Currency    string           `json:"currency"`
	SourceTypes map[string]int64 `json:"source_types"`
}

func balanceEndpoints() []endpoint {
	return []endpoint{get("/v1/balance", nil, getBalance)}
}

// getBalance adds up every movement: there is no stored balance that could drift from them.
func getBalance(r *call) (any, error) {
	available, pending := map[string]int64{}, map[string]int64{}
	balanceTransactions.all(r.tx, func(t *balanceTransaction) bool {
		available[t.Currency] += 0 // each currency shows on both sides
		pending[t.Currency] += 0
		if t.Status == "available" {
			available[t.Currency] += t.Net
		} else {
			pending[t.Currency] += t.Net
		}
		return true
	})
	return balance{Object: "balance", Available: balanceAmounts(available), Pending: balanceAmounts(pending)}, nil
}

func balanceAmounts(byCurrency map[string]int64) []balanceAmount {
	amounts := []balanceAmount{}
	for _, currency := range slices.Sorted(keys(byCurrency)) {
		net := byCurrency[currency]
		amounts = append(amounts, balanceAmount{Amount: net, Currency: currency, SourceTypes: map[string]int64{"card": net}})
	}
	return amounts
}
