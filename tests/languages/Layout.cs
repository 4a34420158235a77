// Prints where the fields of Refrain.cs's structs are, in the names of include/refrain.h, and the
// numbers of its enums.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Refrain;

internal static class Layout
{
    private const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static string Snake(string name)
    {
        name = Regex.Replace(name.TrimStart('_'), "(?<=.)([A-Z])", "_$1");
        return name.ToLowerInvariant();
    }

    private static void Struct(Type type, string name)
    {
        foreach (FieldInfo field in type.GetFields(All))
        {
            // What stands for an array: its first element counts.
            string found = Regex.Replace(Snake(field.Name), "0$", "");
            if (Regex.IsMatch(found, "^(later|reserved)\\d*$") && found != "reserved") continue;
            Console.WriteLine("{0}.{1} {2}", name, found, Marshal.OffsetOf(type, field.Name));
        }
        Console.WriteLine("{0} {1}", name, Marshal.SizeOf(type));
    }

    private static void Main()
    {
        Struct(typeof(Call), "refrain_call");
        Struct(typeof(Decision), "refrain_decision");
        Struct(typeof(CallEvent), "refrain_event");
        Struct(typeof(Stats), "refrain_stats");
        Struct(typeof(ModelSizes), "refrain_model_sizes");
        Struct(typeof(Settings), "refrain_settings");
        Struct(typeof(Site), "refrain_site");
        Console.WriteLine("refrain_policy {0}", Policy.Bytes);
        Console.WriteLine("refrain_policy.site {0}", Policy.SiteOffset);
        Console.WriteLine("refrain_policy.split {0}", Policy.SplitOffset);
        Console.WriteLine("refrain_policy.verify {0}", Policy.VerifyOffset);

        var prefixes = new Dictionary<Type, string>
        {
            { typeof(Status), "E" }, { typeof(CallAction), "ACTION" }, { typeof(Reason), "REASON" },
            { typeof(Signal), "SIGNAL" }, { typeof(Reference), "REFERENCE" }, { typeof(Metric), "METRIC" },
            { typeof(Filter), "FILTER" }, { typeof(Wants), "WANTS" }, { typeof(Keep), "KEEP" },
            { typeof(Notice), "NOTICE" }, { typeof(Backend), "BACKEND" },
        };
        foreach (KeyValuePair<Type, string> one in prefixes)
            foreach (object value in Enum.GetValues(one.Key))
            {
                string name = one.Value + "_" + Snake(value.ToString()).ToUpperInvariant();
                Console.WriteLine("REFRAIN_{0} = {1}", name == "E_OK" ? "OK" : name, Convert.ToInt64(value));
            }
        Console.WriteLine("REFRAIN_NO_SLOT {0}", Decision.NoSlot);
        Console.WriteLine("REFRAIN_ADD_TO_SLOTS {0}", Decision.AddToSlots);
        Console.WriteLine("REFRAIN_SET_SLOTS {0}", Decision.SetSlots);
        Console.WriteLine("REFRAIN_ABI_VERSION {0}", Library.AbiVersion);
    }
}
