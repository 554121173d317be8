package document

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	iso "github.com/bojanz/currency"
	"github.com/shopspring/decimal"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// formats writes amounts, numbers and dates for one locale.
type formats struct {
	tag    string
	locale iso.Locale
	region string
}

var english = iso.Locale{Language: "en"}

// formatsFor accepts any tag; one that says nothing gets English forms.
func formatsFor(tag string) formats {
	f := formats{tag: tag, locale: english}
	parsed, err := language.Parse(tag)
	if err != nil {
		return f
	}
	base, script, region := parsed.Raw()
	if base.String() == "und" {
		return f
	}
	f.locale = iso.Locale{Language: base.String()}
	if script.String() != "Zzzz" {
		f.locale.Script = script.String()
	}
	if region.String() != "ZZ" {
		f.locale.Territory, f.region = region.String(), region.String()
	}
	return f
}

// Money writes an amount.
func (f formats) Money(a money.Amount) string { return isolated(a.Format(f.tag)) }

// Unicode's isolates: the text between them has a direction of its own.
const (
	firstStrongIsolate    = "\u2068"
	popDirectionalIsolate = "\u2069"
)

// isolated keeps an amount that is written from right to left from turning the English words and signs around it.
func isolated(text string) string {
	turns := func(r rune) bool {
		return r == '\u200e' || r == '\u200f' || unicode.In(r, unicode.Arabic, unicode.Hebrew)
	}
	if !strings.ContainsFunc(text, turns) {
		return text
	}
	return firstStrongIsolate + text + popDirectionalIsolate
}

// Coded writes an amount with its ISO code, because a symbol such as "$" is shared by many currencies.
func (f formats) Coded(a money.Amount) string {
	text, code := f.Money(a), string(a.Currency)
	if strings.Contains(text, code) {
		return text
	}
	return code + "\u00a0" + text
}

// Number writes a quantity or a rate, exactly. What some locales set between an amount and its currency goes.
func (f formats) Number(d decimal.Decimal) string {
	return strings.Trim(f.exact(d, "USD", 0, iso.DisplayNone), "\u200e\u200f\u00a0\u202f ")
}

// price writes a price in major units with all its decimals: prices per unit can be far below a cent.
func (f formats) price(d decimal.Decimal, c money.Currency) string {
	return isolated(f.exact(d, string(c), c.Digits(), iso.DisplaySymbol))
}

// longestNumber is how many digits the formatting library holds exactly; a longer one is written plainly.
const longestNumber = 39

// exact writes a number with all its decimals. The library would write small ones, such as a price per token, in
// scientific notation: it is given ones for the decimals, which are then replaced by the real ones.
func (f formats) exact(d decimal.Decimal, code string, minDecimals int, show iso.Display) string {
	whole, decimals, _ := strings.Cut(d.StringFixed(max(int32(minDecimals), -d.Exponent())), ".")
	for len(decimals) > minDecimals && strings.HasSuffix(decimals, "0") {
		decimals = decimals[:len(decimals)-1]
	}
	ones := strings.Repeat("1", len(decimals))
	amount, err := iso.NewAmount(strings.TrimSuffix(whole+"."+ones, "."), code)
	if err != nil || len(whole)+len(decimals) > longestNumber {
		return d.String()
	}
	write := func(locale iso.Locale) string {
		formatter := iso.NewFormatter(locale)
		formatter.MinDigits, formatter.MaxDigits, formatter.CurrencyDisplay = uint8(len(ones)), uint8(len(ones)), show
		return formatter.Format(amount)
	}
	text := write(f.locale)
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsDigit(r) }) {
		text = write(english) // tax documents need Latin digits
	}
	at := strings.LastIndex(text, ones)
	return text[:at] + decimals + text[at+len(ones):]
}

// Date writes a day so that nobody takes the month for the day.
func (f formats) Date(d calendar.Date) string {
	if f.monthFirst() {
		return fmt.Sprintf("%s %d, %d", d.Month, d.Day, d.Year)
	}
	return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
}

func (f formats) monthFirst() bool { return f.region == "US" }

// Span writes a range of days without repeating what both ends share.
func (f formats) Span(s Span) string {
	from, to := s.First, s.Last
	switch {
	case from == to:
		return f.Date(from)
	case from.Year != to.Year:
		return f.Date(from) + " – " + f.Date(to)
	case from.Month != to.Month && f.monthFirst():
		return fmt.Sprintf("%s %d – %s", from.Month, from.Day, f.Date(to))
	case from.Month != to.Month:
		return fmt.Sprintf("%d %s – %s", from.Day, from.Month, f.Date(to))
	case f.monthFirst():
		return fmt.Sprintf("%s %d–%d, %d", from.Month, from.Day, to.Day, to.Year)
	}
	return fmt.Sprintf("%d–%s", from.Day, f.Date(to))
}

// spanOf turns a half-open time into the days it covers. An empty one covers the day it starts on.
func spanOf(z calendar.Zone, p calendar.Period) Span {
	span := Span{First: z.DateOf(p.Start), Last: z.DateOf(p.Start)}
	if p.End.After(p.Start) {
		span.Last = z.DateOf(p.End.Add(-time.Nanosecond))
	}
	return span
}

// country names a country in English; an unknown code stands for itself.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return code
}

// elapsed writes seconds in days, hours, minutes and seconds, leaving out the zeros: "15 d 4 h".
func elapsed(seconds int64) string {
	units := []struct {
		size int64
		name string
	}{{24 * 60 * 60, "d"}, {60 * 60, "h"}, {60, "min"}, {1, "s"}}
	var parts []string
	for _, unit := range units {
		if n := seconds / unit.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		}
		seconds %= unit.size
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// WriteAmount writes an amount in the customer's way, with its ISO code.
func (inv Invoice) WriteAmount(a money.Amount) string { return formatsFor(inv.Locale).Coded(a) }

// WriteDate writes a day in the customer's way.
func (inv Invoice) WriteDate(d calendar.Date) string { return formatsFor(inv.Locale).Date(d) }

// WriteSpan writes a range of days in the customer's way.
func (inv Invoice) WriteSpan(s Span) string { return formatsFor(inv.Locale).Span(s) }
