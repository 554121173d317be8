package stripe

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed taxrates.json
var taxRatesFile []byte

// taxTable are standard rates at one point in time, with their sources: Stripe's engine knows products, local taxes and
// history as well.
type taxTable struct {
	Countries map[string]taxCountry          `json:"countries"` // by ISO 3166-1 code
	Sources   map[string]taxSource           `json:"sources"`
	States    map[string]map[string]taxState `json:"states"` // by country and ISO 3166-2 code
}

// taxSource is where and when rates were looked up.
type taxSource struct {
	AsOf string `json:"as_of"`
	What string `json:"what"`
}

type taxCountry struct {
	BusinessIDs []string    `json:"business_ids"` // tax ids whose owners account for the tax themselves if the seller is abroad
	Name        string      `json:"name"`
	Percent     taxFraction `json:"percent"`
	Source      string      `json:"source"`
	Tax         string      `json:"tax"`
	Union       bool        `json:"union"` // a member state of the European Union
}

type taxState struct {
	HST     taxFraction `json:"hst"` // replaces the federal rate of Canada
	Name    string      `json:"name"`
	Percent taxFraction `json:"percent"`
	Postal  []string    `json:"postal"` // beginnings of postal codes; "350-369" is a range of three digits
	Source  string      `json:"source"`
	Tax     string      `json:"tax"` // empty: no tax of its own
}

// taxFraction is a rate in millionths: 9.975 % is 99,750.
type taxFraction int64

const wholeTax taxFraction = 1_000_000

// UnmarshalJSON reads a percentage written as a decimal, such as "9.975".
func (f *taxFraction) UnmarshalJSON(written []byte) error {
	var percent string
	if err := json.Unmarshal(written, &percent); err != nil {
		return fmt.Errorf("a rate is a decimal in quotes: %w", err)
	}
	const decimals = 4
	whole, part, _ := strings.Cut(percent, ".")
	if len(part) > decimals {
		return fmt.Errorf("rate %s has more than %d decimals", percent, decimals)
	}
	if whole == "" {
		return errors.New("a rate begins with a digit")
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", decimals-len(part)), 10, 64)
	if err != nil {
		return fmt.Errorf("rate %s is not a decimal: %w", percent, err)
	}
	*f = taxFraction(n)
	return nil
}

// percent writes the rate as Stripe does: "9.975", "20.0".
func (f taxFraction) percent() string {
	whole, part := f/10_000, strings.TrimRight(fmt.Sprintf("%04d", f%10_000), "0")
	if part == "" {
		part = "0"
	}
	return fmt.Sprintf("%d.%s", whole, part)
}

var taxes = readTable[taxTable](taxRatesFile)

// readTable decodes an embedded table of ours, which a test has read before.
func readTable[T any](file []byte) (table T) {
	if err := json.Unmarshal(file, &table); err != nil {
		panic(fmt.Sprintf("an embedded table is not valid: %v", err))
	}
	return table
}

// stateOfPostalCode is empty if the code alone does not tell.
func stateOfPostalCode(country, code string) string {
	found := ""
	for _, name := range slices.Sorted(keys(taxes.States[country])) {
		for _, postal := range taxes.States[country][name].Postal {
			first, last, isRange := strings.Cut(postal, "-")
			inRange := isRange && len(code) >= len(first) && code[:len(first)] >= first && code[:len(first)] <= last
			if inRange || (!isRange && strings.HasPrefix(strings.ToUpper(code), postal)) {
				found = name
			}
		}
	}
	return found
}

// taxName is how a kind of tax is called on a bill.
func taxName(kind string) string {
	switch kind {
	case "sales_tax":
		return "Sales and Use Tax"
	case "vat":
		return "Value-added tax (VAT)"
	case "jct":
		return "Japanese Consumption Tax (JCT)"
	default:
		return strings.ToUpper(kind)
	}
}
