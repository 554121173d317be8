package tax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
)

const ukJurisdiction = "GB"

// place is where a supply is taxed. A place outside every regime keeps its country or territory as jurisdiction.
type place struct {
	jurisdiction string
	region       string // rate region inside the jurisdiction, such as PT-30 (Madeira)
	outside      bool   // belongs to a member state or the UK, but not to its VAT territory
}

func locate(b Buyer, day calendar.Date) (place, error) {
	country := strings.ToUpper(strings.TrimSpace(b.Country))
	region := qualifyRegion(country, b.Region)
	postal := postalKey(country, b.PostalCode)
	for _, t := range law.territories {
		if t.matches(country, region, postal) && t.contains(day) {
			return t.place(), nil
		}
	}
	if err := checkCountry("buyer.country", country); err != nil {
		return place{}, err
	}
	return place{jurisdiction: country}, nil
}

func (t territoryRow) matches(country, region, postal string) bool {
	if slices.Contains(t.CountryAliases, country) {
		return true
	}
	if t.Country != country {
		return false
	}
	if region != "" && slices.Contains(t.Regions, region) {
		return true
	}
	return slices.ContainsFunc(t.PostalPrefixes, func(p string) bool { return strings.HasPrefix(postal, p) })
}

func (t territoryRow) place() place {
	if t.TaxedAs == "" {
		return place{jurisdiction: t.Code, outside: true}
	}
	return place{jurisdiction: t.TaxedAs, region: t.RateRegion}
}

// qualifyRegion accepts both "CN" and "ES-CN".
func qualifyRegion(country, region string) string {
	region = strings.ToUpper(strings.TrimSpace(region))
	if region == "" || strings.Contains(region, "-") {
		return region
	}
	return country + "-" + region
}

// blanks are what people write between the signs of a postal code.
var blanks = strings.NewReplacer(" ", "", "-", "")

// postalKey drops blanks, dashes and the country letters people write in front ("FI-22100", "D-27498"). British
// postcodes begin with letters of their own.
func postalKey(country, postal string) string {
	postal = blanks.Replace(strings.ToUpper(postal))
	if country == ukJurisdiction {
		return postal
	}
	return strings.TrimLeft(postal, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// homeJurisdiction is the tax jurisdiction of a seller's country: Monaco counts as FR, the Isle of Man as GB.
func homeJurisdiction(country string, day calendar.Date) (string, error) {
	p, err := locate(Buyer{Country: country}, day)
	if err != nil {
		return "", checkCountry("seller.country", country)
	}
	return p.jurisdiction, nil
}

func checkCountry(field, country string) error {
	if slices.Contains(law.countries, strings.ToUpper(strings.TrimSpace(country))) {
		return nil
	}
	return fmt.Errorf("%s: %q is not a country: give its ISO 3166-1 alpha-2 code, such as DE or GB", field, country)
}
