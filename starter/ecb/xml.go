package ecb

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// cube is the bank's element for everything: around all days, with a time for one day, with a currency for one rate.
const cube = "Cube"

// xmlDay is a day being read. A day with a wrong rate is rejected as a whole, like a line of CSV.
type xmlDay struct {
	open   bool
	depth  int
	line   int
	date   calendar.Date
	rates  []Rate
	reason string
}

func (f *file) readXML(in io.Reader) error {
	decoder := xml.NewDecoder(in)
	var day xmlDay
	depth, found := 0, false
	for {
		token, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF) && !found:
			return errors.New("the file has no Cube with rates: it is none of the ECB's")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the file is not well-formed XML: %w", err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			depth++
			if element.Name.Local == cube {
				line, _ := decoder.InputPos()
				found = f.cube(&day, element, line, depth) || found
			}
		case xml.EndElement:
			if day.open && depth == day.depth {
				if err := f.endDay(&day); err != nil {
					return err
				}
			}
			depth--
		}
	}
}

// cube takes an element and says whether it was a day.
func (f *file) cube(day *xmlDay, element xml.StartElement, line, depth int) bool {
	attributes := map[string]string{}
	for _, a := range element.Attr {
		attributes[a.Name.Local] = a.Value
	}
	if text, isDay := attributes["time"]; isDay && !day.open {
		*day = xmlDay{open: true, depth: depth, line: line}
		var err error
		if day.date, err = parseDate(text); err != nil {
			day.reason = err.Error()
		}
		return true
	}
	if code, isRate := attributes["currency"]; isRate && day.open && day.reason == "" {
		f.rate(day, code, attributes["rate"], line)
	}
	return false
}

func (f *file) rate(day *xmlDay, code, text string, line int) {
	to, err := f.currency(code)
	if err == nil && to == "" {
		return
	}
	var rate Rate
	if err == nil {
		rate, err = parseRate(line, day.date, to, text)
	}
	switch {
	case err != nil:
		day.reason, day.line = err.Error(), line
	case len(day.rates) == mostCurrencies:
		day.reason = fmt.Sprintf("more than %d rates for one day", mostCurrencies)
	default:
		day.rates = append(day.rates, rate)
	}
}

func (f *file) endDay(day *xmlDay) error {
	ended := *day
	*day = xmlDay{}
	if ended.reason != "" {
		f.reject(ended.line, "%s", ended.reason)
		return nil
	}
	return f.day(ended.date, ended.rates)
}
