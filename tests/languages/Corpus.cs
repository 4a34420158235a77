// Runs the decision corpus as tests/c/corpus.c does, through Refrain.cs: every case as it is, after a
// reset, and with the state moved to another scheduler before every call.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Refrain;

internal static class Corpus
{
    private const string Letters = "awlomnrtuks.fcxp";

    private sealed class Input
    {
        internal int Step, Evaluation, Lane;
        internal double Time;
        internal float Feature;
        internal bool Invalidated;
        internal double[] Signals, Factors, Rates, Errors;
    }

    private static Scheduler scheduler;
    private static Policy policy;
    private static int steps, evaluations, lanes;

    private static void Move(bool moving)
    {
        if (!moving) return;
        byte[] saved = scheduler.Save();
        scheduler.Dispose();
        scheduler = new Scheduler(policy, steps, lanes, evaluations);
        scheduler.Restore(saved);
    }

    private static double[] Products(List<float[]> kept, float newest)
    {
        kept.Insert(0, new[] { newest });
        if (kept.Count > 6) kept.RemoveAt(6);
        return kept.ConvertAll(older => Cpu.Product(kept[0], older)).ToArray();
    }

    private static string Drive(List<Input> inputs, bool moving)
    {
        var actions = new StringBuilder();
        var reasons = new StringBuilder();
        var kept = new List<float[]>[lanes];
        for (int lane = 0; lane < lanes; lane++) kept[lane] = new List<float[]>();
        foreach (Input given in inputs)
        {
            bool again = false;
            if (given.Invalidated)
            {
                scheduler.Invalidate(given.Lane);
                kept[given.Lane].Clear();
            }
            do
            {
                Move(moving);
                using (Step call = scheduler.Begin(given.Step, given.Evaluation, given.Lane, given.Time))
                {
                    Decision todo = call.Decision;
                    if (todo.Needs != 0)
                    {
                        var values = new List<double>(given.Signals);
                        if (todo.Aligned != 0) values.AddRange(given.Factors);
                        todo = values.Count == 1 ? call.Decide(values[0]) : call.Decide(values.ToArray());
                    }
                    double[] told = new double[0];
                    if (todo.Action == CallAction.Verify) told = given.Errors;
                    else if (todo.Action == CallAction.Compute && policy.Wants == Wants.Products)
                        told = Products(kept[given.Lane], given.Feature);
                    else if (todo.Action == CallAction.Compute) told = given.Rates;
                    CallEvent what = told.Length == 0 ? call.Commit() : call.Commit(told);
                    if (what.Slot != todo.Slot || what.Action != todo.Action) throw new Exception("another event");
                    actions.Append(what.Letter);
                    reasons.Append(Letters[(int)what.Reason]);
                    again = !again && what.Rejected && policy.RollsBack;
                }
            } while (again);
        }
        return actions + " " + reasons;
    }

    private static double Number(Queue<string> words)
    {
        string word = words.Dequeue();
        if (word == "NaN") return double.NaN;
        if (word == "inf") return double.PositiveInfinity;
        return word == "-inf" ? double.NegativeInfinity : double.Parse(word, CultureInfo.InvariantCulture);
    }

    private static double[] Listed(Queue<string> words)
    {
        var values = new double[(int)Number(words)];
        for (int i = 0; i < values.Length; i++) values[i] = Number(words);
        return values;
    }

    private static int Main()
    {
        string line, name = "";
        var inputs = new List<Input>();
        while ((line = Console.In.ReadLine()) != null)
        {
            var words = new Queue<string>(line.Split(' '));
            switch (words.Dequeue())
            {
                case "case":
                    name = words.Dequeue();
                    inputs.Clear();
                    break;
                case "policy":
                    policy = Policy.Parse(line.Substring(7));
                    if (Policy.Parse(policy.ToString()).ToString() != policy.ToString()) return 3;
                    break;
                case "run":
                    steps = (int)Number(words);
                    evaluations = (int)Number(words);
                    lanes = (int)Number(words);
                    break;
                case "call":
                    inputs.Add(new Input
                    {
                        Step = (int)Number(words), Evaluation = (int)Number(words), Lane = (int)Number(words),
                        Time = Number(words), Feature = (float)Number(words), Invalidated = Number(words) != 0,
                        Signals = Listed(words), Factors = Listed(words), Rates = Listed(words),
                        Errors = Listed(words),
                    });
                    break;
                case "end":
                    using (scheduler = new Scheduler(policy, steps, lanes, evaluations))
                    {
                        string first = Drive(inputs, false);
                        scheduler.Reset();
                        if (Drive(inputs, false) != first) return 2;
                        scheduler.Reset();
                        if (Drive(inputs, true) != first) return 2;
                        Console.WriteLine(name + " " + first);
                    }
                    break;
                default:
                    return 1;
            }
        }
        return 0;
    }
}
