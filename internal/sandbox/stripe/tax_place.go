package stripe

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

// taxPlace is where a customer is for tax.
type taxPlace struct{ country, state string }

// Postal codes as far as they tell the state: five or nine digits in the United States, "A1A 1A1" in Canada.
var (
	zipCode          = regexp.MustCompile(`^\d{5}(-?\d{4})?$`)
	canadianPostCode = regexp.MustCompile(`^(?i)[A-Z]\d[A-Z] ?\d[A-Z]\d$`)
)

// checkCountry refuses what is not a country.
func checkCountry(code, param string) *apiError {
	region, err := language.ParseRegion(code)
	if len(code) == 2 && err == nil && region.IsCountry() {
		return nil
	}
	return invalid("country_code_invalid", param, "Country '%s' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'.", code)
}

// locate finds the place whose taxes apply. The United States need a postal code, or street, city and state; Canada
// needs a province or a postal code; elsewhere the country is enough.
func locate(a *address, param string) (taxPlace, *apiError) {
	unknown := invalid("customer_tax_location_invalid", param, "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.")
	if a == nil || deref(a.Country) == "" {
		return taxPlace{}, unknown
	}
	place := taxPlace{country: strings.ToUpper(*a.Country), state: strings.ToUpper(deref(a.State))}
	states, postal := taxes.States[place.country], deref(a.PostalCode)
	if states == nil {
		return place, nil
	}
	byPostal := ""
	switch {
	case place.country == "US" && zipCode.MatchString(postal), place.country == "CA" && canadianPostCode.MatchString(postal):
		byPostal = stateOfPostalCode(place.country, postal)
	case postal != "":
		return place, unknown
	}
	addressed := postal != "" || place.country == "CA" || (deref(a.Line1) != "" && deref(a.City) != "")
	if place.state == "" {
		place.state = byPostal
	}
	if _, known := states[place.state]; !known || !addressed || (byPostal != "" && byPostal != place.state) {
		return place, unknown
	}
	return place, nil
}
